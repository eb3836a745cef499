package grant_test

import (
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/grant"
)

// TestJudge: a Secret is used only for the purposes, and sent only to the hosts, in its annotations.
func TestJudge(t *testing.T) {
	metric.Fault(t, 2)
	hook := func(host string) grant.Request { return grant.Request{Secret: "token", Use: grant.Hook, Host: host} }
	for name, tc := range map[string]struct {
		uses, hosts string
		q           grant.Request
		allowed     bool
		command     string
	}{
		"nothing is allowed": {"", "", grant.Request{Secret: "web", Use: grant.Script}, false,
			"secret web -n shop --overwrite rollouts.vmss.dev/allowed-uses=script"},
		"a script": {"script", "", grant.Request{Secret: "web", Use: grant.Script}, true, ""},
		"another use": {"script", "x.example", hook("x.example:443"), false,
			"allowed-uses=script,hook rollouts.vmss.dev/allowed-hosts=x.example"},
		"a host":            {"check, hook", "a.example, Hooks.Example.", hook("hooks.example:443"), true, ""},
		"a host with a dot": {"hook", "hooks.example", hook("hooks.example.:443"), true, ""},
		"another host": {"hook", "hooks.example", hook("hooks.example.evil.test:443"), false,
			"allowed-uses=hook rollouts.vmss.dev/allowed-hosts=hooks.example,hooks.example.evil.test"},
		"another port": {"hook", "hooks.example", hook("hooks.example:8443"), false,
			"allowed-hosts=hooks.example,hooks.example:8443"},
		"a port":                   {"hook", "hooks.example:8443", hook("hooks.example:8443"), true, ""},
		"every port":               {"hook", "hooks.example:*", hook("hooks.example:1"), true, ""},
		"below a name":             {"hook", "*.corp.example:8443", hook("a.b.corp.example:8443"), true, ""},
		"not below it":             {"hook", "*.corp.example", hook("corp.example:443"), false, "allowed-hosts='*.corp.example,corp.example'"},
		"nor beside it":            {"hook", "*.corp.example", hook("xcorp.example:443"), false, ""},
		"everything is no pattern": {"hook", "*,*.", hook("x.example:443"), false, ""},
		"a prefix is no name":      {"hook", "0.0.0.0/0:*", hook("x.example:443"), false, ""},
		"an address":               {"check", "10.1.0.0/16:8443", grant.Request{Use: grant.Check, Host: "10.1.2.3:8443"}, true, ""},
		"another address":          {"check", "10.1.0.0/16:8443", grant.Request{Use: grant.Check, Host: "10.2.2.3:8443"}, false, ""},
		"a mapped address":         {"check", "10.1.2.3:8443", grant.Request{Use: grant.Check, Host: "[::ffff:10.1.2.3]:8443"}, true, ""},
		"an IPv6 address":          {"check", "[fd12::/32]:8443,fd13::1", grant.Request{Use: grant.Check, Host: "[fd12::1]:8443"}, true, ""},
		"instances":                {"check", "10.1.0.0/16:8443", grant.Request{Use: grant.Check, Instances: true, Port: 8443}, true, ""},
		"instances, none allowed": {"check", "x.example", grant.Request{Secret: "s", Use: grant.Check, Instances: true, Port: 8443}, false,
			"allowed-hosts=x.example,PREFIX:8443"},
	} {
		t.Run(name, func(t *testing.T) {
			p := grant.Judge("shop", map[string]string{grant.UsesAnnotation: tc.uses, grant.HostsAnnotation: tc.hosts}, tc.q)
			if (p == nil) != tc.allowed {
				t.Fatalf("got %v, want allowed %v", p, tc.allowed)
			}
			if p != nil && !strings.Contains(p.Remediation, tc.command) {
				t.Errorf("got the command %s, want %s", p.Remediation, tc.command)
			}
		})
	}
}
