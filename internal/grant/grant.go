// Package grant judges whether a Secret allows a use: its purpose, and the host to which it is sent. A user who may create rollouts may not
// be allowed to read Secrets. So a rollout that names a Secret proves nothing; annotations of the Secret itself do, since only users who
// may write the Secret can set them.
package grant

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// The annotations of a Secret that allow its use. Both are lists with commas.
const (
	// UsesAnnotation says for what: script, hook, check.
	UsesAnnotation = "rollouts.vmss.dev/allowed-uses"
	// HostsAnnotation lists the hosts, for hooks and checks: names, *.names, addresses and prefixes, each with a port, with :* for every
	// port, or without one for 443.
	HostsAnnotation = "rollouts.vmss.dev/allowed-hosts"
)

// Use is the purpose of a Secret.
type Use string

// The uses.
const (
	Script Use = "script" // its keys are the protected settings of the script extension
	Hook   Use = "hook"   // a key of it is the credential of a hook
	Check  Use = "check"  // a key of it is the credential of a check
)

// Request asks for the use of a Secret.
type Request struct {
	Secret string
	Use    Use
	Host   string // host and port that it is sent to, as they are dialled; "": none, or instances
	// Instances says that it is sent to instances, whose addresses are not known yet. Port is theirs; 0: not known either.
	Instances bool
	Port      uint16
}

// Judge says why a Secret with these annotations is not to be used, and how to allow it; nil: it may be used.
func Judge(namespace string, annotations map[string]string, q Request) *rollout.Problem {
	uses, hosts := listOf(annotations[UsesAnnotation]), listOf(annotations[HostsAnnotation])
	isSent := q.Host != "" || q.Instances
	if slices.Contains(uses, string(q.Use)) && (!isSent || slices.ContainsFunc(hosts, q.isFor)) {
		return nil
	}
	message := fmt.Sprintf("Secret %q does not allow its use by a %s", q.Secret, q.Use)
	if q.Host != "" {
		message += ", sent to " + q.Host
	}
	if q.Instances {
		message += ", sent to instances; PREFIX is the range of their addresses, such as 10.1.0.0/16"
	}
	command := fmt.Sprintf("kubectl annotate secret %s -n %s --overwrite %s=%s", q.Secret, namespace,
		UsesAnnotation, strings.Join(with(uses, string(q.Use)), ","))
	if isSent {
		command += " " + HostsAnnotation + "=" + quoted(strings.Join(with(hosts, q.entry()), ","))
	}
	return &rollout.Problem{Kind: rollout.KindInvalid, Message: message, Remediation: command}
}

func listOf(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\t' })
}

func with(list []string, one string) []string {
	if slices.Contains(list, one) {
		return list
	}
	return append(slices.Clone(list), one)
}

// quoted keeps a shell from reading patterns.
func quoted(text string) string {
	if strings.ContainsAny(text, "*[]") {
		return "'" + text + "'"
	}
	return text
}

const usualPort = "443" // credentials are sent over https only

// entry returns the entry that the list of hosts lacks.
func (q Request) entry() string {
	if q.Instances {
		if q.Port == 0 {
			return "PREFIX:*"
		}
		return "PREFIX:" + strconv.Itoa(int(q.Port))
	}
	return strings.TrimSuffix(q.Host, ":"+usualPort)
}

// isFor reports whether an entry of the list allows the request.
func (q Request) isFor(entry string) bool {
	host, port := split(entry)
	if q.Instances {
		return q.isForInstances(host, port)
	}
	toHost, toPort := split(q.Host)
	if port != "*" && port != toPort {
		return false
	}
	if to, err := netip.ParseAddr(toHost); err == nil {
		prefix, isPrefix := prefixOf(host)
		return isPrefix && prefix.Contains(to.Unmap())
	}
	return matches(nameOf(host), nameOf(toHost))
}

// isForInstances reports whether an entry allows a request to instances, whose addresses are not known yet.
func (q Request) isForInstances(host, port string) bool {
	_, isPrefix := prefixOf(host)
	return isPrefix && (port == "*" || q.Port == 0 || port == strconv.Itoa(int(q.Port)))
}

// matches reports whether a name is the pattern's, or below it where the pattern begins with "*.".
func matches(pattern, name string) bool {
	if below, isPattern := strings.CutPrefix(pattern, "*"); isPattern {
		return strings.HasPrefix(below, ".") && len(below) > 1 && strings.HasSuffix(name, below) && len(name) > len(below)
	}
	return pattern != "" && name == pattern
}

// split parts host and port. Without a port it is the usual one; an IPv6 address with a port stands in brackets.
func split(text string) (host, port string) {
	if rest, bracketed := strings.CutPrefix(text, "["); bracketed {
		host, after, _ := strings.Cut(rest, "]")
		if port, has := strings.CutPrefix(after, ":"); has {
			return host, port
		}
		return host, usualPort
	}
	if host, port, has := strings.Cut(text, ":"); has && !strings.Contains(port, ":") {
		return host, port
	}
	return text, usualPort
}

// prefixOf reads an address or a prefix.
func prefixOf(text string) (netip.Prefix, bool) {
	if a, err := netip.ParseAddr(text); err == nil {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	p, err := netip.ParsePrefix(text)
	return p, err == nil
}

func nameOf(host string) string { return strings.TrimSuffix(strings.ToLower(host), ".") }
