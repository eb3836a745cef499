package outbound

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// AllowList holds the addresses that the operator permits beyond the public internet: ranges of addresses, each with its ports. It is a
// flag.Value that may be given more than once. The zero value permits nothing more.
//
// An entry is PREFIX:PORTS, ports are numbers and ranges with commas, an IPv6 prefix stands in brackets, entries are separated by
// semicolons or spaces:
//
//	10.0.0.0/8:80,443;127.0.0.0/8:20000-29999;[fd12:3456::/32]:443
type AllowList struct{ entries []entry }

type entry struct {
	prefix netip.Prefix
	ports  []portRange
}

type portRange struct{ from, to uint16 }

// ParseAllowList reads entries. An error names the entry that is wrong and how to write it.
func ParseAllowList(text string) (AllowList, error) {
	var list AllowList
	for _, field := range strings.FieldsFunc(text, func(r rune) bool { return r == ';' || r == ' ' || r == '\n' || r == '\t' }) {
		e, err := parseEntry(field)
		if err != nil {
			return AllowList{}, fmt.Errorf("reading entry %q of the allow-list: %w", field, err)
		}
		list.entries = append(list.entries, e)
	}
	return list, nil
}

// Set adds entries.
func (a *AllowList) Set(text string) error {
	more, err := ParseAllowList(text)
	if err == nil {
		a.entries = append(slices.Clip(a.entries), more.entries...)
	}
	return err
}

// String writes the entries as they are read.
func (a AllowList) String() string {
	texts := make([]string, 0, len(a.entries))
	for _, e := range a.entries {
		texts = append(texts, e.String())
	}
	return strings.Join(texts, ";")
}

func (e entry) String() string {
	prefix := e.prefix.String()
	if e.prefix.Addr().Is6() {
		prefix = "[" + prefix + "]"
	}
	ports := make([]string, 0, len(e.ports))
	for _, p := range e.ports {
		ports = append(ports, p.String())
	}
	return prefix + ":" + strings.Join(ports, ",")
}

func (p portRange) String() string {
	if p.from == p.to {
		return strconv.Itoa(int(p.from))
	}
	return fmt.Sprintf("%d-%d", p.from, p.to)
}

func parseEntry(text string) (entry, error) {
	at := strings.LastIndex(text, ":")
	if at < 0 || strings.HasSuffix(text, "]") {
		return entry{}, errors.New("ports are missing; write PREFIX:PORTS, for example 10.0.0.0/8:80,443 or [fd12::/32]:443")
	}
	prefix, err := parsePrefix(text[:at])
	if err != nil {
		return entry{}, err
	}
	ports, err := parsePorts(text[at+1:])
	return entry{prefix: prefix, ports: ports}, err
}

// parsePrefix reads a prefix and holds it against the classes: an entry opens one special range, or ports of public addresses.
func parsePrefix(text string) (netip.Prefix, error) {
	bare, bracketed := strings.CutPrefix(text, "[")
	if bracketed {
		bare = strings.TrimSuffix(bare, "]")
	}
	prefix, err := netip.ParsePrefix(bare)
	if err != nil || prefix.Addr().Is6() != bracketed {
		return netip.Prefix{}, fmt.Errorf("%q is no prefix; write 10.0.0.0/8, or [fd12::/32] with brackets for IPv6", text)
	}
	if prefix.Addr().Is4In6() {
		return netip.Prefix{}, errors.New("an IPv4 prefix is written as IPv4")
	}
	if prefix != prefix.Masked() {
		return netip.Prefix{}, fmt.Errorf("bits are set beyond the prefix; did you mean %s", prefix.Masked())
	}
	return prefix, judgePrefix(prefix)
}

// judgePrefix refuses a prefix that can permit nothing, and one that is wider than a special range: who means loopback says so.
func judgePrefix(prefix netip.Prefix) error {
	if c, special := classOf(prefix.Addr()); special && !c.mayOpen && c.prefix.Bits() <= prefix.Bits() {
		return fmt.Errorf("%s addresses are never permitted", c.name)
	}
	for _, c := range classes {
		if c.prefix.Overlaps(prefix) && prefix.Bits() < c.prefix.Bits() && !isWithinOpen(prefix) {
			return fmt.Errorf("it also holds the %s addresses %s; list the ranges that are meant, one an entry", c.name, c.prefix)
		}
	}
	return nil
}

// isWithinOpen reports whether a prefix lies within a range that an entry may open. Metadata addresses in it stay refused.
func isWithinOpen(prefix netip.Prefix) bool {
	return slices.ContainsFunc(classes, func(c class) bool {
		return c.mayOpen && c.prefix.Bits() <= prefix.Bits() && c.prefix.Contains(prefix.Addr())
	})
}

func parsePorts(text string) ([]portRange, error) {
	var ports []portRange
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, errFrom := strconv.ParseUint(first, 10, 16)
		to, errTo := strconv.ParseUint(last, 10, 16)
		if errFrom != nil || errTo != nil || from == 0 || from > to {
			return nil, fmt.Errorf("%q is no port; write 443, or 8000-8999, between 1 and 65535", part)
		}
		ports = append(ports, portRange{from: uint16(from), to: uint16(to)})
	}
	return ports, nil
}

// lists reports whether an entry holds the address and the port.
func (a AllowList) lists(to netip.AddrPort) bool {
	return slices.ContainsFunc(a.entries, func(e entry) bool {
		return e.prefix.Contains(to.Addr()) && slices.ContainsFunc(e.ports, func(p portRange) bool {
			return p.from <= to.Port() && to.Port() <= p.to
		})
	})
}

// judge says why a connection to an address is not permitted; nil: it is. It is asked with the very address that is dialled.
func (a AllowList) judge(to netip.AddrPort) *Problem {
	c, special := classOf(to.Addr())
	to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	switch {
	case to.Port() == 0:
		return refused("port 0 is no port")
	case special && !c.mayOpen:
		return refused("%s addresses are never called", c.name)
	case a.lists(to):
		return nil
	case special:
		return refused("%s addresses are called only where the allow-list has them, and it does not have this one with port %d",
			c.name, to.Port())
	case to.Port() < 1024 && to.Port() != 80 && to.Port() != 443:
		return refused("of the ports below 1024 only 80 and 443 are called, and the allow-list does not have port %d of this address", to.Port())
	default:
		return nil
	}
}
