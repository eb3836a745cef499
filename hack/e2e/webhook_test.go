package e2e

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// inspector is a program of a user's that visits the instance that a call names, at its own address and at its NAT port, and lets it pass
// if its page says what it should. The page and its text are in the arguments.
type inspector struct {
	*listener
	fleet *fleetEnv
}

const (
	// inspectorName is that of the Secret with the token by which an inspector knows the controller.
	inspectorName  = "inspector"
	inspectorToken = "0pen-sesame"
)

func newInspector(t *testing.T, fleet *fleetEnv) *inspector {
	t.Helper()
	i := &inspector{fleet: fleet}
	i.listener = newAuthenticListener(t, i.judge)
	return i
}

// judge answers by what it sees, and by 503 where it sees nothing. A caller that does not show the token is turned away.
func (i *inspector) judge(ctx context.Context, c called) int {
	switch {
	case c.authorization != "Bearer "+inspectorToken:
		return http.StatusUnauthorized
	case c.Event != "":
		return http.StatusNoContent
	}
	for _, host := range []string{net.JoinHostPort(c.Instance.PrivateAddress, strconv.Itoa(i.fleet.instancePort)), c.Instance.NATPorts["80"]} {
		_, page, err := read(ctx, "http://"+host+"/"+c.Args["page"])
		switch {
		case err != nil:
			return http.StatusServiceUnavailable
		case !strings.Contains(page, c.Args["says"]):
			return http.StatusUnprocessableEntity
		}
	}
	return http.StatusOK
}

// hire lets the controller show the token in a namespace.
func (i *inspector) hire(t testing.TB, ns string) {
	t.Helper()
	kubectl(t, "create", "secret", "generic", inspectorName, "-n", ns, "--from-literal=token="+inspectorToken)
	kubectl(t, "annotate", "secret", inspectorName, "-n", ns, "rollouts.vmss.dev/allowed-uses=hook,check",
		"rollouts.vmss.dev/allowed-hosts="+strings.TrimPrefix(i.url, "https://"))
	kubectl(t, "create", "rolebinding", "vmssrollout-secret-reader", "-n", ns,
		"--clusterrole=vmssrollout-secret-reader", "--serviceaccount=vmss-rollouts-system:controller-manager")
}

// endpoint declares the inspector as the one to call, at a path of its own.
func (i *inspector) endpoint(path string) string {
	return fmt.Sprintf(`"url": "%s%s", "tls": {"ca": %q}, "credentials": {"bearer": {"name": %q, "key": "token"}}`, i.url, path, i.ca,
		inspectorName)
}

// hears adds a hook that tells the inspector when a run fails.
func (i *inspector) hears(t testing.TB, r rollout) rollout {
	t.Helper()
	hook := parsed(t, fmt.Sprintf(`{"name": "pager", "at": "OnFailure", "args": [{"name": "team", "value": "shop"}], %s}`,
		i.endpoint("/pager")))
	return r.with([]any{hook}, "spec", "hooks")
}

// judged are the calls of checks that were answered by yes or no.
func (i *inspector) judged() []called {
	var all []called
	for _, c := range i.heardOf("") {
		if c.status != http.StatusServiceUnavailable {
			all = append(all, c)
		}
	}
	return all
}

// testInspectedBad rolls out an image whose page is wrong, to be found by a user's program. It is told of the canary, once, and of the
// failure, once.
func (s *fleetEnv) testInspectedBad(t *testing.T, caught *atomic.Int32) {
	t.Parallel()
	ns := namespace(t)
	set := scaleSet{group: ns, name: "web"}
	s.settleSet(t, set, 3)
	i := newInspector(t, s)
	i.hire(t, ns)
	manager := s.manage(t, ns)
	i.hears(t, release(ns, set, "broken", "0s")).checked(t, fmt.Sprintf(
		`{"name": "page", "interval": "1s", "count": 2, "args": [{"name": "page", "value": ""}, {"name": "says", "value": "all is well"}],`+
			` "webhook": {%s}}`,
		i.endpoint("/inspect"))).create(t)
	back := s.expectRolledBack(t, ns, set, 3, "CheckFailed")
	caught.Add(1)

	judged := i.judged()
	if len(judged) != 1 || judged[0].status != http.StatusUnprocessableEntity || judged[0].path != "/inspect" {
		t.Fatalf("asked of %v, want the canary once", judged)
	}
	want := saidOf(back, set, "one")
	want["instance"] = s.introduced(t, set, "0", judged[0])
	want["args"] = map[string]any{"page": "", "says": "all is well"}
	if diff := cmp.Diff(want, judged[0].body); diff != "" {
		t.Errorf("what the check said of the canary (-want +got):\n%s", diff)
	}

	alarms := i.heardOf("OnFailure")
	if len(alarms) != 1 || alarms[0].status != http.StatusNoContent || alarms[0].path != "/pager" {
		t.Fatalf("heard %v, want the failure once", alarms)
	}
	want = saidOf(back, set, "one")
	want["event"], want["rollback"], want["message"] = "OnFailure", true, back.Status.Rollback.Message
	want["idempotencyKey"], want["args"] = alarms[0].header, map[string]any{"team": "shop"}
	if diff := cmp.Diff(want, alarms[0].body); diff != "" || alarms[0].header == "" {
		t.Errorf("what was said of the failure under key %q (-want +got):\n%s", alarms[0].header, diff)
	}
	expectUnsaid(t, ns, manager, inspectorToken)
}

// introduced returns the part of a call that describes an instance. Its NAT port is known only to Azure; the inspector was there.
func (s *fleetEnv) introduced(t testing.TB, set scaleSet, id string, c called) map[string]any {
	t.Helper()
	said := map[string]any{"id": id, "name": set.name + "_" + id, "natPorts": map[string]any{"80": c.Instance.NATPorts["80"]}}
	for _, r := range s.instances(t, set) {
		if r.ID == id {
			said["vmId"], said["privateAddress"] = r.VMID, r.Address
		}
	}
	return said
}

// testInspectedByTemplate rolls out a good image, to be found so by a template. It is missing an argument first, of which the user is told
// before anything is touched; of the others one is the template's own, and one is not.
func (s *fleetEnv) testInspectedByTemplate(t *testing.T, stopped *atomic.Int32) {
	t.Parallel()
	ns := namespace(t)
	set := scaleSet{group: ns, name: "web"}
	s.settleSet(t, set, 2)
	i := newInspector(t, s)
	i.hire(t, ns)
	s.manage(t, ns)
	// Nothing of it would let the release pass but what the rollout gives and what the template has for page.
	kubectlApply(t, ns,
		fmt.Sprintf(`{"apiVersion": "rollouts.vmss.dev/v1alpha1", "kind": "CheckTemplate", "metadata": {"name": "page"}, "spec": {
		"args": [{"name": "shop"}, {"name": "page", "value": "index.html"}, {"name": "says", "value": "no page says this"}],
		"interval": "1s", "count": 2, "webhook": {%s}}}`, i.endpoint("/inspect/{{args.shop}}")))
	r := i.hears(t, release(ns, set, "v2", "0s"))
	using := func(args string) rollout {
		return r.without("spec", "checks").checked(t, fmt.Sprintf(`{"name": "page", "templateRef": {"name": "page"}, "args": [%s]}`, args))
	}
	before := s.footprint(t, set)
	if out, err := using(`{"name": "says", "value": "shop v2"}`).apply(t); err != nil {
		t.Fatalf("applying: %v\n%s", err, out)
	}
	expectSaid(t, r.awaitReason(t, v1alpha1.ReasonInvalid),
		"reading check page", "CheckTemplate page", "argument shop has no value; give it in the check's args",
		"kubectl edit vmssrollout web -n "+ns)
	if diff := cmp.Diff(before, s.footprint(t, set)); diff != "" || len(i.heard()) > 0 {
		t.Errorf("called %v, and this was touched (-before +after):\n%s", i.heard(), diff)
	}
	if out, err := using(`{"name": "says", "value": "shop v2"}, {"name": "shop", "value": "north"}`).apply(t); err != nil {
		t.Fatalf("applying: %v\n%s", err, out)
	}
	s.expectThrough(t, ns, set, 2, stopped)

	asked := map[string]int{}
	for _, c := range i.judged() {
		asked[c.String()]++
		want := map[string]string{"shop": "north", "page": "index.html", "says": "shop v2"}
		if diff := cmp.Diff(want, c.Args); diff != "" || c.path != "/inspect/north" || c.status != http.StatusOK {
			t.Errorf("asked %s at %s, and answered %d; the arguments (-want +got):\n%s", c, c.path, c.status, diff)
		}
	}
	if diff := cmp.Diff(map[string]int{"check one 0": 2, "check all 1": 2}, asked); diff != "" {
		t.Errorf("asked of (-want +got):\n%s", diff)
	}
	if alarms := i.heardOf("OnFailure"); len(alarms) > 0 {
		t.Errorf("heard %v of a release that got through", alarms)
	}
}
