package azuresim

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/network"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
)

// FuzzRequests checks guarantees for every client, whatever it sends: it gets an answer, in JSON, below 500; a refusal has the form of
// ARM's and has changed nothing; and the simulator goes on afterwards.
func FuzzRequests(f *testing.F) {
	for _, path := range seedPaths {
		for _, method := range []string{"GET", "PUT", "PATCH", "POST", "DELETE", "HEAD", "BREW"} {
			f.Add(method, path, "api-version=2026-04-01", "", seedBodies[0])
			f.Add(method, path, "api-version=2020-06-01&$filter=x&$skiptoken=y", `"1"`, `{"instanceIds":["*"],"sku":{"capacity":1e9}}`)
		}
	}
	for _, body := range seedBodies {
		for _, c := range []call{{"PUT", testSet, nil}, {"PATCH", testSet, nil}, {"PUT", testSet + "-new", nil},
			{"POST", testSet + "/manualupgrade", nil},
			{"PUT", testSet + "/virtualMachines/0", nil}, {"POST", testSet + "/virtualMachines/0/runCommand", nil},
			{"PUT", testSet + "/extensions/CustomScript", nil}, {"PUT", testGroup, nil}} {
			f.Add(c.method, c.path, "api-version=2026-04-01", "", body)
		}
	}
	for _, body := range networkBodies {
		for _, c := range []call{{"PUT", testBalancer, nil}, {"PATCH", testBalancer, nil}, {"PUT", testAddress, nil},
			{"PUT", testBalancer + "/inboundNatRules/ssh", nil},
			{"PUT", testBalancer + "/backendAddressPools/blue", nil},
			{"POST", testBalancer + "/backendAddressPools/blue/queryInboundNatRulePortMapping", nil}} {
			f.Add(c.method, c.path, "api-version=2022-07-01", "", body)
		}
	}
	for _, query := range seedQueries {
		f.Add("GET", testSet+"/virtualMachines", query, "", "")
	}
	f.Fuzz(func(t *testing.T, method, path, query, match, body string) {
		s := newSim(t, Options{})
		s.stageStrange()
		before := s.server.everything()
		req := &http.Request{
			Method: method, URL: &url.URL{Scheme: "http", Host: "arm.test", Path: path, RawQuery: query}, Host: "arm.test",
			Header: http.Header{"Authorization": {"Bearer x"}, "If-Match": {match}}, Body: io.NopCloser(strings.NewReader(body)),
		}
		w := httptest.NewRecorder()
		s.server.ServeHTTP(w, req.WithContext(t.Context()))
		checkAnswer(t, req, w)
		if after := s.server.everything(); w.Code >= http.StatusBadRequest && after != before {
			t.Fatalf("%d, and yet something changed: before\n%s\nafter\n%s", w.Code, before, after)
		}
		for range 3 {
			s.clock.Advance(time.Hour)
			s.tryControl("GET", "/instances?scaleSet="+testSet, nil)
		}
		for _, path := range []string{testSet + "/virtualMachines?$expand=instanceView", testBalancer, testAddress} {
			if _, err := s.send("GET", path, nil); err != nil { // the resource may be deleted by now
				t.Fatal(err)
			}
		}
	})
}

// Seeds are short: the fuzzer spends its time on making long ones shorter. TestStrangeRequests has the long ones.
var seedPaths = []string{
	testSet, testSet + "/virtualMachines", testSet + "/virtualMachines/0", testSet + "/virtualMachines/0/reimage", testSet + "/manualupgrade",
	testSet + "/virtualMachines/0/runCommand", testGroup + "/providers/Microsoft.Compute/virtualMachines/web-flex_0/runCommand",
	testSet + "/extensions/CustomScript", testSet + "/rollingUpgrades/latest", testSet + "/instanceView", testSet + "/delete",
	testSet + "-flex",
	testGroup, "/", "//", "/subscriptions", "/x/oauth2/token", "/subscriptions/\r\nX: y/resourceGroups/rg",
	testGroup + "/providers/Microsoft.Other/things/x",
	strings.Replace(testSet, "web", "wéb\xff\x00", 1), strings.Replace(testSet, "11111111", "..", 1), testOperation,
	testBalancer, testAddress, testBalancer + "/backendAddressPools/blue", testBalancer + "/inboundNatRules/ssh",
	testBalancer + "/probes/alive",
	testBalancer + "/backendAddressPools/blue/queryInboundNatRulePortMapping",
	testSet + "/virtualMachines/1/networkInterfaces/nic/ipConfigurations/ip",
}

var seedBodies = []string{
	`{"properties":{"virtualMachineProfile":{"extensionProfile":{"extensions":[{"name":"x","properties":{"publisher":"p",` +
		`"type":"CustomScript"}}]}}}}`,
	`{"location":"eastus","sku":{"name":"Standard_D2s_v3","capacity":2},"properties":{"upgradePolicy":{"mode":"Manual"},` +
		`"virtualMachineProfile":{"storageProfile":{"imageReference":{"publisher":"p","offer":"o","sku":"s","version":"latest"}}}}}`,
	``, ` `, `null`, `[]`, `5`, `"text"`, `{`, `{"location":`, `{"a":1}{"b":2}`, "\ufeff{}", "\xff\xfe{\x00}\x00",
	"{\"tags\":{\"a\":\"\xc3\x28\"}}", "{\"tags\":{\"\\ud800\":\"\\u0000\"}}",
	`{"location":"eastus\r\nX-Injected: 1"}`, `{"location":"eastus","location":"westus"}`, `{"sku":{"capacity":1},"sku":{"capacity":3}}`,
	`{"properties":null,"sku":null,"zones":null,"location":null,"tags":null,"identity":null}`,
	`{"sku":{"capacity":-1}}`, `{"sku":{"capacity":1.5}}`, `{"sku":{"capacity":99999999999999999999}}`, `{"sku":"x"}`, `{"tags":{"a":1}}`,
	`{"zones":[1]}`,
	`{"commandId":"RunShellScript","script":["a",1]}`, `{"commandId":"RunShellScript","script":null,"parameters":[{"value":7}]}`,
	`{"identity":7}`, `{"identity":{"type":7}}`, `{"identity":{"type":"UserAssigned","userAssignedIdentities":[1]}}`, `{"plan":[]}`,
	`{"properties":{"upgradePolicy":{"mode":"Rolling","rollingUpgradePolicy":9}}}`,
	`{"properties":{"upgradePolicy":{"rollingUpgradePolicy":{"maxBatchInstancePercent":"x"}}}}`,
	`{"properties":{"automaticRepairsPolicy":{"enabled":"yes"}}}`,
	`{"properties":{"automaticRepairsPolicy":{"enabled":true,"gracePeriod":"PTforever"}}}`,
	`{"properties":{"scaleInPolicy":{"rules":[{}]}}}`, `{"properties":{"protectionPolicy":5},"tags":[]}`,
	`{"properties":{"protectionPolicy":{"protectFromScaleSetActions":"x"}}}`,
	`{"properties":{"virtualMachineProfile":{"storageProfile":{"dataDisks":[{"lun":"x"}],"osDisk":{"managedDisk":3}}}}}`,
	`{"properties":{"virtualMachineProfile":{"networkProfile":{"networkInterfaceConfigurations":[{"properties":[]}],"healthProbe":"x"}}}}`,
	`{"properties":{"virtualMachineProfile":{"extensionProfile":{"extensions":[{"name":5},{"name":"y","properties":"z"},null]}}}}`,
	`{"properties":{"virtualMachineProfile":{"osProfile":{"computerNamePrefix":{},"linuxConfiguration":1}}}}`,
	`{"properties":{"settings":[],"publisher":1}}`,
	`{"instanceIds":"0"}`, `{"instanceIds":[0]}`, `{"instanceIds":[]}`, `{"instanceIds":["0","0","\u0000"]}`,
	`{"instanceIds":["99999999999999999999"]}`,
	strings.Repeat(`{"a":`, 70) + "1" + strings.Repeat("}", 70),
}

var networkBodies = []string{
	string(tree.ToCompactJSON(balancer(5))),
	`{"location":"eastus","sku":{"name":"Basic"},"properties":{"publicIPAllocationMethod":"Dynamic"}}`,
	`{"location":"eastus","properties":{"frontendIPConfigurations":[{"name":"front","properties":{}},{"name":"FRONT","properties":{}}]}}`,
	`{"location":"eastus","properties":{"loadBalancingRules":[{"name":"http","properties":{"frontendIPConfiguration":{"id":5},` +
		`"backendAddressPools":[1]}}]}}`,
	`{"location":"eastus","properties":{"probes":[{"name":"p","properties":{"port":1e9,"intervalInSeconds":-5}}],"inboundNatPools":{}}}`,
	`{"properties":{"frontendPortRangeStart":1,"frontendPortRangeEnd":65535,"backendPort":"22",` +
		`"loadBalancerBackendAddresses":[{"properties":7}]}}`,
	`{"ipConfiguration":{"id":"x"}}`, `{"ipAddress":["10.0.0.4"]}`, ``, `null`, `[]`, `{"tags":7}`,
}

var seedQueries = []string{
	"", "api-version", "api-version=", "api-version=0000-00-00", "api-version=2026-13-45", "api-version=2019-01-01",
	"api-version=2026-04-01-beta", "api-version=%zz",
	"api-version=2026-04-01&api-version=x", "API-VERSION=2026-04-01&$SKIPTOKEN=%00", "api-version=2026-04-01&$filter=%27%20or%201",
	"api-version=2026-04-01&$expand=everything&$select=%FF",
	"api-version=2026-04-01&$skiptoken=dm1zcythZnRlci85OTk5OTk5OTk5OTk5OTk5OTk5OQ==", "api-version=2026-04-01;x",
}

// stageStrange makes a world with a bit of everything: two kinds of scale sets, a script, a load balancer, an operation that runs.
func (s *sim) stageStrange() {
	s.balance(3600) // hours go by after each request, and none is about what probes see meanwhile
	s.stage(3, tree.Member{"script", tree.Members{{"command", "x"}}}, tree.Member{"health", "extension"})
	s.control("PUT", "/scalesets", tree.Members{{"scaleSet", testSet + "-flex"}, {"capacity", 1}, {"orchestration", vmprofile.Flexible}})
	s.patch(script("y"))
	s.clock.Advance(time.Minute)
	s.patch(attachment())
	s.clock.Advance(time.Minute)
	s.upgrade("1")
	s.clock.Advance(time.Second)
}

// checkAnswer wants JSON, and of a refusal a code and a message.
func checkAnswer(t *testing.T, r *http.Request, w *httptest.ResponseRecorder) {
	t.Helper()
	answered := w.Body.Bytes()
	if w.Code >= http.StatusInternalServerError || w.Code < http.StatusOK {
		t.Fatalf("%s %q answered %d\n%s", r.Method, r.URL.Path, w.Code, answered)
	}
	if len(answered) == 0 && (w.Code < http.StatusBadRequest || r.Method == http.MethodHead) {
		return
	}
	if !json.Valid(answered) || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
		t.Fatalf("%s %q answered %d with what is no JSON: %v\n%s", r.Method, r.URL.Path, w.Code, w.Header(), answered)
	}
	if answered[0] == '[' && strings.Contains(strings.ToLower(r.URL.Path), "/publishers") {
		return // lists of images are bare arrays
	}
	o, err := tree.ParseObject(answered)
	if err != nil {
		t.Fatalf("%d %v\n%s", w.Code, err, answered)
	}
	// the login server has errors of its own
	isOAuth := strings.Contains(strings.ToLower(r.URL.Path), "oauth2") && tree.StringAt(o, "error") != ""
	if strings.Contains(strings.ToLower(r.URL.Path), "microsoft.insights") && tree.StringAt(o, "code") != "" &&
		tree.StringAt(o, "message") != "" {
		return // Azure Monitor does not wrap its errors
	}
	if w.Code >= http.StatusBadRequest && !isOAuth && (tree.StringAt(o, "error", "code") == "" || tree.StringAt(o, "error", "message") == "") {
		t.Fatalf("%d is not shaped as ARM's errors: %s", w.Code, answered)
	}
}

// everything is all that clients could see of a world, and more.
func (s *Server) everything() string {
	s.kernel.Lock()
	defer s.kernel.Unlock()
	s.kernel.CatchUp()
	var b strings.Builder
	for _, set := range s.compute.SortedSets() {
		fmt.Fprintf(&b, "%s %v\n", set.Key, [...]any{set.Doc, set.Model.Profile, set.Model.Version, set.Etag, set.NextID, set.Fresh,
			set.Operations, set.Creating,
			set.Deleting, set.Failed, set.RepairsOff, set.UpperCase})
		for _, inst := range set.Instances {
			copied := *inst
			fmt.Fprintf(&b, "%p %+v\n", inst, [...]any{copied.State, copied.Task, copied.Etag, copied.Tags, copied.HasProtection,
				copied.ProtectActions,
				copied.ProtectScaleIn, copied.PendingDisk, copied.PendingScripts, copied.ScriptRuns, copied.Upgrades, copied.Disk})
		}
	}
	for _, k := range []*network.Kind{network.LoadBalancers, network.PublicIPAddresses, network.VirtualNetworks,
		network.NetworkSecurityGroups} {
		for _, res := range s.network.NetOfKind(k) {
			fmt.Fprintf(&b, "%s %v\n", tree.ToCompactJSON(s.network.NetBody(res)),
				[...]any{res.Doc, res.Operation, res.Address, res.Path.Applied, res.Path.Addresses,
					res.Path.Members})
		}
	}
	groups := make([]string, 0, len(s.compute.Groups))
	for key, g := range s.compute.Groups {
		groups = append(groups, fmt.Sprint(key, g))
	}
	slices.Sort(groups)
	fmt.Fprintln(&b, groups, len(s.registry.Operations), len(s.kernel.Events), len(s.compute.Images))
	return b.String()
}
