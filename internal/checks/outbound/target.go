package outbound

import (
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"
)

const (
	maxURL  = 8 << 10 // bytes; the longest that common servers accept
	maxHost = 253     // bytes of a DNS name
)

// target is the host and port of a request, in the one way in which they may be written.
type target struct {
	host string // a name in lower case, or an address; without brackets
	port uint16
}

func (t target) String() string {
	host := t.host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return host + ":" + strconv.Itoa(int(t.port))
}

// targetOf reads the target of a URL strictly. What different programs read differently (short and octal addresses, percent signs and
// zones in hosts, names that are not ASCII) is refused, so that there is nothing to disagree about.
func targetOf(u *url.URL) (target, *Problem) {
	if u.Scheme != "http" && u.Scheme != "https" {
		return target{}, refused("the scheme of a URL is http or https")
	}
	if u.User != nil {
		return target{}, refused("a URL holds no user name or password; credentials come from a Secret")
	}
	if u.Opaque != "" || u.Hostname() == "" {
		return target{}, refused("a URL names a host")
	}
	if p := judgeHost(u); p != nil {
		return target{}, p
	}
	port, p := portOf(u)
	return target{host: strings.ToLower(u.Hostname()), port: port}, p
}

// HostOf is the host and port that a URL is called at, as they are dialled; "" for one that is never called.
func HostOf(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	to, p := targetOf(u)
	if p != nil {
		return ""
	}
	return to.String()
}

func judgeHost(u *url.URL) *Problem {
	host := u.Hostname()
	if a, err := netip.ParseAddr(host); err == nil {
		if a.Zone() != "" || (a.Is6() && !strings.HasPrefix(u.Host, "[")) {
			return refused("an IPv6 address stands in brackets, without a zone")
		}
		return nil
	}
	if strings.HasPrefix(u.Host, "[") {
		return refused("only an IPv6 address stands in brackets")
	}
	name := strings.TrimSuffix(host, ".")
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if !isLabel(label) {
			return refused("a host is an address or a DNS name of letters, digits, hyphens and dots; names in other scripts are written as xn--")
		}
	}
	if len(name) > maxHost {
		return refused("a DNS name has at most %d characters", maxHost)
	}
	if last := labels[len(labels)-1]; isNumber(last) {
		return refused("an IPv4 address is four decimal numbers without leading zeros")
	}
	return nil
}

func isLabel(s string) bool {
	for _, c := range []byte(s) {
		if !isLetterOrDigit(c) && c != '-' && c != '_' {
			return false
		}
	}
	return s != "" && len(s) <= 63
}

func isLetterOrDigit(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// isNumber reports whether old resolvers take a label for a number. No top-level domain is one.
func isNumber(label string) bool {
	if _, err := strconv.ParseUint(label, 0, 64); err == nil {
		return true
	}
	return strings.Trim(label, "0123456789") == "" || strings.HasPrefix(strings.ToLower(label), "0x")
}

func portOf(u *url.URL) (uint16, *Problem) {
	text := u.Port()
	if text == "" && strings.HasSuffix(u.Host, ":") {
		return 0, refused("after the colon of a host stands a port")
	}
	if text == "" {
		return map[string]uint16{"http": 80, "https": 443}[u.Scheme], nil
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 || text[0] == '0' {
		return 0, refused("a port is a number from 1 to 65535")
	}
	return uint16(port), nil
}

// ownedHeaders belong to the connection. Who sets them can make two programs disagree about where a request ends.
var ownedHeaders = []string{
	"Connection", "Content-Length", "Expect", "Host", "Keep-Alive", "Proxy-Authorization", "Proxy-Connection", "Te", "Trailer",
	"Transfer-Encoding", "Upgrade",
}

func judgeHeaders(h http.Header) *Problem {
	for _, name := range ownedHeaders {
		if _, set := h[name]; set {
			return refused("header %s is set by the client alone", name)
		}
	}
	for name, values := range h {
		if !httpguts.ValidHeaderFieldName(name) {
			return refused("a header's name is letters, digits and hyphens")
		}
		for _, v := range values {
			if !httpguts.ValidHeaderFieldValue(v) {
				return refused("header %s has a character that no header may have", name)
			}
		}
	}
	return nil
}
