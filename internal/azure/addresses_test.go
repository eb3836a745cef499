package azure

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

const (
	network  = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/shop-rg/providers/Microsoft.Network"
	nicsPath = base + "/networkInterfaces"
)

// site answers by path, in any case; what it does not have is not found. A body may begin with a status.
type site map[string]string

func (s site) answer(w http.ResponseWriter, r *http.Request) {
	for path, body := range s {
		if !strings.EqualFold(path, r.URL.Path) {
			continue
		}
		status := http.StatusOK
		if _, err := fmt.Sscanf(body, "%d ", &status); err == nil {
			body = body[4:]
		}
		answering(status, strings.ReplaceAll(body, "HOST", r.Host))(w, r)
		return
	}
	answering(http.StatusNotFound, errorBody("ResourceNotFound", "The Resource "+r.URL.Path+" was not found."))(w, r)
}

// nic is a network interface with one IP configuration.
func nic(vm, address, more string) string {
	return fmt.Sprintf(`{"properties":{"virtualMachine":{"id":"%s/virtualMachines/%s"},"primary":true,"ipConfigurations":[%s]}}`,
		base, vm, config(vm, address, more))
}

func config(vm, address, more string) string {
	return fmt.Sprintf(`{"id":"%s","properties":{"primary":true,"privateIPAddress":"%s","subnet":{"id":"/subnets/a"}%s}}`, configID(vm),
		address, more)
}

func configID(vm string) string {
	return base + "/virtualMachines/" + vm + "/networkInterfaces/nic/ipConfigurations/ip"
}

// behind attaches an IP configuration to load balancers.
func behind(lbs ...string) string {
	var pools []string
	for _, lb := range lbs {
		pools = append(pools, `{"id":"`+network+"/loadBalancers/"+lb+`/backendAddressPools/web"}`)
	}
	return `,"loadBalancerBackendAddressPools":[` + strings.Join(pools, ",") + `]`
}

func list(items ...string) string { return `{"value":[` + strings.Join(items, ",") + `]}` }

// balancerWith is a load balancer with a public frontend and a private one.
func balancerWith(rules, members string) string {
	return fmt.Sprintf(`{"properties":{"frontendIPConfigurations":[
		{"id":"%[1]s/loadBalancers/LB/frontendIPConfigurations/out","properties":{"publicIPAddress":{"id":"%[1]s/publicIPAddresses/ip"}}},
		{"id":"%[1]s/loadBalancers/LB/frontendIPConfigurations/in","properties":{"privateIPAddress":"10.0.9.9"}},
		{"id":"%[1]s/loadBalancers/LB/frontendIPConfigurations/odd","properties":{"publicIPAddress":{"id":"/somewhere/else"}}}],
		"inboundNatRules":[%[2]s],
		"backendAddressPools":[null,{"properties":null},{"properties":{"loadBalancerBackendAddresses":[null,{},%[3]s]}}]}}`,
		network, rules, members)
}

// natRule leads from a frontend's port to an instance's, or, without an instance, to those of a pool.
func natRule(name, vm, frontend string, from, to int, more string) string {
	backend := ""
	if vm != "" {
		backend = `"backendIPConfiguration":{"id":"` + strings.ToUpper(configID(vm)) + `"},`
	}
	return fmt.Sprintf(
		`{"name":"%s","properties":{%s"frontendIPConfiguration":{"id":"%s/loadBalancers/lb/frontendIPConfigurations/%s"},"frontendPort":%d,`+
			`"backendPort":%d,"protocol":"Tcp"%s}}`,
		name, backend, network, frontend, from, to, more)
}

// natMember is an instance in a pool with its port by a rule.
func natMember(vm, rule string, from, to int) string {
	return fmt.Sprintf(
		`{"properties":{"networkInterfaceIPConfiguration":{"id":"%s"},"inboundNatRulesPortMapping":[{"inboundNatRuleName":"%s",`+
			`"frontendPort":%d,"backendPort":%d}]}}`,
		configID(vm), rule, from, to)
}

// read reads addresses of a site, without its scale set.
func (s site) read(t *testing.T) (map[string]Addresses, *fakeARM, error) {
	t.Helper()
	f := newFakeARM(t, s.answer)
	got, err := f.adapter.lookup.Read(context.Background(), web, rollout.OrchestrationUniform)
	return got, f, err
}

func wantAddresses(t *testing.T, want, got map[string]Addresses) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{}, netip.AddrPort{}), cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

func reached(private string, nat ...string) Addresses {
	a := Addresses{NAT: map[uint16]netip.AddrPort{}}
	a.Private, _ = netip.ParseAddr(private)
	for _, n := range nat {
		port, at, _ := strings.Cut(n, "=")
		var p uint16
		if _, err := fmt.Sscan(port, &p); err != nil {
			panic(err)
		}
		a.NAT[p] = netip.MustParseAddrPort(at)
	}
	return a
}

// TestAddresses reads a whole scale set with as few calls as there can be.
func TestAddresses(t *testing.T) {
	s := site{
		base:     `{"properties":{"orchestrationMode":"Uniform"}}`,
		nicsPath: `{"value":[` + nic("0", "10.0.0.4", behind("lb")) + `],"nextLink":"http://HOST/more"}`,
		"/more":  list(nic("7", "10.0.0.5", behind("LB"))),
		network + "/loadBalancers/lb": balancerWith(natRule("pool.0", "0", "out", 50000, 22, "")+","+natRule("pool.7", "7", "out", 50007, 22,
			"")+","+natRule("v2", "", "in", 0, 0, ""), natMember("0", "V2", 6000, 80)+","+natMember("7", "v2", 6001, 80)),
		network + "/publicIPAddresses/ip": `{"properties":{"ipAddress":"20.1.2.3"}}`,
	}
	f := newFakeARM(t, s.answer)
	got, err := f.adapter.Addresses(t.Context(), web)
	if err != nil {
		t.Fatal(err)
	}
	wantAddresses(t, map[string]Addresses{
		"0": reached("10.0.0.4", "22=20.1.2.3:50000", "80=10.0.9.9:6000"),
		"7": reached("10.0.0.5", "22=20.1.2.3:50007", "80=10.0.9.9:6001"),
	}, got)
	var paths []string
	for _, r := range f.seen() {
		paths = append(paths, r.Method+" "+strings.ToLower(r.Path))
	}
	var want []string
	for _, path := range []string{base, nicsPath, "/more", network + "/loadBalancers/lb", network + "/publicIPAddresses/ip"} {
		want = append(want, "GET "+strings.ToLower(path))
	}
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Error(diff)
	}
	for _, c := range f.calls[1:] {
		if c.Operation != "Addresses" {
			t.Errorf("got %+v", c)
		}
	}
	delete(s, base)
	if _, err := f.adapter.Addresses(t.Context(), web); problemOf(t, err).Kind != rollout.KindNotFound {
		t.Errorf("got %v", err)
	}
}

// TestPrivateAddresses chooses among interfaces, and takes nothing that it cannot be sure of.
func TestPrivateAddresses(t *testing.T) {
	vm := `"virtualMachine":{"id":"/x/virtualMachines/3"}`
	one := func(properties string) string { return `{"properties":{` + vm + `,` + properties + `}}` }
	ip := func(address string, primary string) string {
		return `{"properties":{"privateIPAddress":"` + address + `"` + primary + `}}`
	}
	const yes, no = `,"primary":true`, `,"primary":false`
	for name, c := range map[string]struct {
		nics string
		want map[string]Addresses
	}{
		"no instance":       {list(), nil},
		"nothing":           {list(`null`, `{}`, `{"properties":{}}`, `{"properties":{"virtualMachine":{"id":"/x/"}}}`), nil},
		"the only one":      {list(one(`"ipConfigurations":[` + ip("10.0.0.4", "") + `]`)), map[string]Addresses{"3": reached("10.0.0.4")}},
		"IPv6":              {list(one(`"ipConfigurations":[` + ip("fd00::4", "") + `]`)), map[string]Addresses{"3": reached("fd00::4")}},
		"no configuration":  {list(one(`"ipConfigurations":null`)), map[string]Addresses{"3": {}}},
		"odd configuration": {list(one(`"ipConfigurations":[null]`)), map[string]Addresses{"3": {}}},
		"no address":        {list(one(`"ipConfigurations":[` + ip("", "") + `]`)), map[string]Addresses{"3": {}}},
		"a range":           {list(one(`"ipConfigurations":[` + ip("10.0.0.0/28", "") + `]`)), map[string]Addresses{"3": {}}},
		"the primary one": {list(one(`"ipConfigurations":[` + ip("10.0.0.4", no) + `,` + ip("10.0.0.5", yes) + `]`)),
			map[string]Addresses{"3": reached("10.0.0.5")}},
		"two primary ones": {list(one(`"ipConfigurations":[` + ip("10.0.0.4", yes) + `,` + ip("10.0.0.5", yes) + `]`)),
			map[string]Addresses{"3": {}}},
		"no primary one": {list(one(`"ipConfigurations":[` + ip("10.0.0.4", "") + `,` + ip("10.0.0.5", no) + `]`)),
			map[string]Addresses{"3": {}}},
		"primary interface": {list(one(`"primary":false,"ipConfigurations":[`+ip("10.0.0.4", "")+`]`),
			one(`"primary":true,"ipConfigurations":[`+ip("10.0.0.5", "")+`]`)), map[string]Addresses{"3": reached("10.0.0.5")}},
		"primary interfaces": {list(one(`"primary":true,"ipConfigurations":[`+ip("10.0.0.4", "")+`]`),
			one(`"primary":true,"ipConfigurations":[`+ip("10.0.0.5", "")+`]`)), map[string]Addresses{"3": {}}},
		"listed twice": {list(nic("3", "10.0.0.4", ""), nic("3", "10.0.0.4", "")), map[string]Addresses{"3": {}}},
		"one of two instances": {list(nic("3", "10.0.0.4", ""), nic("4", "10.0.0.4", ""), nic("5", "10.0.0.5", "")), map[string]Addresses{
			"3": {}, "4": {}, "5": reached("10.0.0.5")}},
		"in two subnets": {list(nic("3", "10.0.0.4", ""), strings.ReplaceAll(nic("4", "10.0.0.4", ""), "/subnets/a", "/subnets/b")),
			map[string]Addresses{
				"3": reached("10.0.0.4"), "4": reached("10.0.0.4")}},
		"in one subnet": {list(nic("3", "10.0.0.4", ""), strings.ReplaceAll(nic("4", "10.0.0.4", ""), "/subnets/a", "/Subnets/A")),
			map[string]Addresses{
				"3": {}, "4": {}}},
		"in any case": {list(nic("Web_0A", "10.0.0.4", "")), map[string]Addresses{"web_0a": reached("10.0.0.4")}},
	} {
		t.Run(name, func(t *testing.T) {
			got, f, err := site{nicsPath: c.nics}.read(t)
			if err != nil {
				t.Fatal(err)
			}
			wantAddresses(t, c.want, got)
			f.one(t)
		})
	}
}

// TestNATPorts takes what leads to one instance, and nothing else.
func TestNATPorts(t *testing.T) {
	const other = "/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/net-rg/providers/Microsoft.Network/loadBalancers/far"
	for name, c := range map[string]struct {
		rules, members string
		want           []string
		calls          int
	}{
		"nothing": {"", "null", nil, 2},
		"odd": {`null,{},{"properties":null},{"name":"x","properties":{}}`,
			`{"properties":{"inboundNatRulesPortMapping":[null,{}]}}`, nil, 2},
		"of a pool":           {natRule("a.3", "3", "out", 50003, 22, ""), "null", []string{"22=20.1.2.3:50003"}, 3},
		"of another instance": {natRule("a.9", "9", "out", 50009, 22, ""), natMember("9", "a.9", 5, 6), nil, 2},
		"of no instance":      {natRule("a", "", "out", 50003, 22, ""), "null", nil, 2},
		"private":             {natRule("a.3", "3", "in", 50003, 22, ""), "null", []string{"22=10.0.9.9:50003"}, 2},
		"of no frontend":      {natRule("a.3", "3", "none", 50003, 22, ""), "null", nil, 2},
		"of an odd frontend":  {natRule("a.3", "3", "odd", 50003, 22, ""), "null", nil, 2},
		"datagrams":           {natRule("a.3", "3", "in", 50003, 53, `,"protocol":"Udp"`), "null", nil, 2},
		"everything":          {natRule("a.3", "3", "in", 50003, 53, `,"protocol":"All"`), "null", []string{"53=10.0.9.9:50003"}, 2},
		"silent": {strings.Replace(natRule("a.3", "3", "in", 50003, 53, ""), `,"protocol":"Tcp"`, "", 1), "null",
			[]string{"53=10.0.9.9:50003"}, 2},
		"no port": {natRule("a.3", "3", "out", 0, 22, "") + "," + natRule("b.3", "3", "out", 50003, 0, "") + "," +
			natRule("c.3", "3", "out", 65536, 22, "") + "," + natRule("d.3", "3", "out", -1, 22, ""), "null", nil, 2},
		"the highest port":     {natRule("a.3", "3", "in", 65535, 65535, ""), "null", []string{"65535=10.0.9.9:65535"}, 2},
		"of a rule that lacks": {"", natMember("3", "gone", 6003, 80), nil, 2},
		"of a rule of a pool":  {natRule("v2", "", "out", 0, 80, ""), natMember("3", "v2", 6003, 8080), []string{"8080=20.1.2.3:6003"}, 3},
		"datagrams of a pool":  {natRule("v2", "", "out", 0, 80, `,"protocol":"Udp"`), natMember("3", "v2", 6003, 80), nil, 2},
		"public and private": {natRule("a.3", "3", "in", 1000, 22, "") + "," + natRule("b.3", "3", "out", 2000, 22, ""), "null",
			[]string{"22=20.1.2.3:2000"}, 3},
		"public first": {natRule("b.3", "3", "out", 2000, 22, "") + "," + natRule("a.3", "3", "in", 1000, 22, ""), "null",
			[]string{"22=20.1.2.3:2000"}, 3},
		"the lowest": {natRule("a.3", "3", "in", 2000, 22, "") + "," + natRule("b.3", "3", "in", 1000, 22, ""), "null",
			[]string{"22=10.0.9.9:1000"}, 2},
		"to two instances": {natRule("a.3", "3", "in", 1000, 22, "") + "," + natRule("a.4", "4", "in", 1000, 22, "") + "," +
			natRule("b.3", "3", "in", 2000, 23, ""), "null", []string{"23=10.0.9.9:2000"}, 2},
		"said twice": {natRule("a.3", "3", "in", 1000, 22, ""), natMember("3", "a.3", 1000, 22), []string{"22=10.0.9.9:1000"}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := site{
				nicsPath:                          list(nic("3", "10.0.0.4", behind("lb")), nic("4", "10.0.0.5", behind("lb"))),
				network + "/loadBalancers/lb":     balancerWith(c.rules, c.members),
				network + "/publicIPAddresses/ip": `{"properties":{"ipAddress":"20.1.2.3"}}`,
			}
			got, f, err := s.read(t)
			if err != nil {
				t.Fatal(err)
			}
			wantAddresses(t, map[string]Addresses{"3": reached("10.0.0.4", c.want...)}, map[string]Addresses{"3": got["3"]})
			if len(f.seen()) != c.calls {
				t.Errorf("want %d calls, got %+v", c.calls, f.seen())
			}
		})
	}
	t.Run("elsewhere", func(t *testing.T) {
		s := site{
			nicsPath: list(nic("3", "10.0.0.4", `,"loadBalancerInboundNatRules":[null,{"id":"`+other+
				`/inboundNatRules/a"},{"id":"/nonsense"},{"id":"`+network+`/loadBalancers/%2e%2e/x"},{"id":"`+network+`/publicIPAddresses/x/y"}]`)),
			other: `{"properties":{"frontendIPConfigurations":[{"id":"` + other +
				`/frontendIPConfigurations/f","properties":{"privateIPAddress":"10.1.0.1"}}],"inboundNatRules":[{"name":"a",` +
				`"properties":{"backendPort":80,"frontendPort":81,"frontendIPConfiguration":{"id":"` +
				other + `/frontendIPConfigurations/f"},"backendIPConfiguration":{"id":"` + configID("3") + `"}}}]}}`,
		}
		got, f, err := s.read(t)
		if err != nil || len(f.seen()) != 2 {
			t.Fatalf("got %v, %+v", err, f.seen())
		}
		wantAddresses(t, map[string]Addresses{"3": reached("10.0.0.4", "80=10.1.0.1:81")}, got)
	})
}

// TestIPConfigurationThatMoved: a configuration that two instances claim leads to neither.
func TestIPConfigurationThatMoved(t *testing.T) {
	moved := strings.ReplaceAll(nic("4", "10.0.0.5", behind("lb")), configID("4"), configID("3"))
	again := strings.ReplaceAll(nic("5", "10.0.0.6", behind("lb")), configID("5"), configID("3"))
	got, _, err := site{
		nicsPath:                      list(nic("3", "10.0.0.4", behind("lb")), moved, again),
		network + "/loadBalancers/lb": balancerWith(natRule("a.3", "3", "in", 50003, 22, ""), "null"),
	}.read(t)
	if err != nil {
		t.Fatal(err)
	}
	wantAddresses(t, map[string]Addresses{"3": reached("10.0.0.4"), "4": reached("10.0.0.5"), "5": reached("10.0.0.6")}, got)
}

// TestLoadBalancerThatCannotBeRead costs its own ports, and says why, unless it does not exist.
func TestLoadBalancerThatCannotBeRead(t *testing.T) {
	denied := errorBody("AuthorizationFailed",
		"The client 'c' with object id '11111111-2222-3333-4444-555555555555' does not have authorization to perform action "+
			"'Microsoft.Network/loadBalancers/read' over scope '"+network+"/loadBalancers/lb' or the scope is invalid.")
	for name, c := range map[string]struct {
		balancer, address string
		kind              rollout.Kind
		remediation       string
	}{
		"gone": {"404 " + errorBody("ResourceNotFound", "x"), "", "", ""},
		"forbidden": {"403 " + denied, "", rollout.KindForbidden,
			" --assignee-object-id 11111111-2222-3333-4444-555555555555 --assignee-principal-type ServicePrincipal --role Reader --scope " +
				network + "/loadBalancers/lb"},
		"throttled":    {"429 " + throttledBody, "", rollout.KindThrottled, ""},
		"broken":       {"500 ", "", rollout.KindTransient, ""},
		"no body":      {`{`, "", rollout.KindTransient, ""},
		"address gone": {"", "404 " + errorBody("ResourceNotFound", "x"), "", ""},
		"address denied": {"", "403 " + strings.ReplaceAll(denied, "loadBalancers", "publicIPAddresses"), rollout.KindForbidden,
			" --role Reader --scope " + network + "/publicIPAddresses/lb"},
		"address unused": {"", `{"properties":{}}`, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := site{
				nicsPath: list(nic("3", "10.0.0.4", behind("lb", "second")), nic("4", "10.0.0.5", behind("second")),
					nic("5", "10.0.0.6", "")),
				network + "/loadBalancers/lb": balancerWith(natRule("a.3", "3", "out", 50003, 22, ""), "null"),
				network + "/loadBalancers/second": balancerWith(natRule("b.3", "3", "in", 6003, 80, "")+","+natRule("b.4", "4", "in", 6004, 80, ""),
					"null"),
				network + "/publicIPAddresses/ip": `{"properties":{"ipAddress":"20.1.2.3"}}`,
			}
			if c.balancer != "" {
				s[network+"/loadBalancers/lb"] = c.balancer
			}
			if c.address != "" {
				s[network+"/publicIPAddresses/ip"] = c.address
			}
			got, _, err := s.read(t)
			if err != nil {
				t.Fatal(err)
			}
			missing := got["3"].Missing
			if c.kind == "" && missing != nil {
				t.Errorf("nothing is missing, and yet: %v", missing)
			}
			if c.kind != "" {
				if p := problemOf(t, missing); p.Kind != c.kind || !strings.HasSuffix(p.Remediation, c.remediation) ||
					!strings.Contains(p.Message, `of scale set "shop-rg/web": `) {
					t.Errorf("got %+v, remediation %s", p, p.Remediation)
				}
			}
			want := reached("10.0.0.4", "80=10.0.9.9:6003")
			want.Missing = missing
			wantAddresses(t, map[string]Addresses{"3": want, "4": reached("10.0.0.5", "80=10.0.9.9:6004"), "5": reached("10.0.0.6")}, got)
		})
	}
}

// TestInterfacesThatCannotBeRead leaves nothing, since a part of the list cannot be told from the whole.
func TestInterfacesThatCannotBeRead(t *testing.T) {
	first := `{"value":[` + nic("3", "10.0.0.4", "") + `],"nextLink":"http://HOST/more"}`
	for name, c := range map[string]struct {
		site site
		kind rollout.Kind
	}{
		"gone":              {site{}, rollout.KindNotFound},
		"forbidden":         {site{nicsPath: "403 " + errorBody("AuthorizationFailed", "x")}, rollout.KindForbidden},
		"throttled":         {site{nicsPath: "429 " + throttledBody}, rollout.KindThrottled},
		"broken":            {site{nicsPath: "500 "}, rollout.KindTransient},
		"second page":       {site{nicsPath: first, "/more": "500 "}, rollout.KindTransient},
		"in circles":        {site{nicsPath: first, "/more": first}, rollout.KindTransient},
		"leads to another":  {site{nicsPath: strings.Replace(first, "HOST", "elsewhere.example", 1)}, rollout.KindTransient},
		"cut":               {site{nicsPath: first[:40]}, rollout.KindTransient},
		"throttled in page": {site{nicsPath: first, "/more": "429 " + throttledBody}, rollout.KindThrottled},
	} {
		t.Run(name, func(t *testing.T) {
			got, f, err := c.site.read(t)
			if p := problemOf(t, err); p.Kind != c.kind || got != nil ||
				!strings.HasPrefix(p.Message, `listing network interfaces of scale set "shop-rg/web": `) {
				t.Errorf("got %v, %+v", got, p)
			}
			for _, r := range f.seen() {
				if strings.Contains(r.Path, "loadBalancers") {
					t.Errorf("nothing more is to be read, got %+v", r)
				}
			}
		})
	}
}

// TestFlexibleAddresses finds instances among those of a group, and asks for no load balancer of others.
func TestFlexibleAddresses(t *testing.T) {
	vm := func(name, address, more string) string {
		return strings.ReplaceAll(nic(name, address, more), base+"/virtualMachines/",
			"/subscriptions/s/resourceGroups/shop-rg/providers/Microsoft.Compute/virtualMachines/")
	}
	s := site{
		base: `{"properties":{"orchestrationMode":"Flexible"}}`,
		network + "/networkInterfaces": list(vm("Web_0a1b2c3d", "10.0.0.4", behind("lb")), vm("db", "10.0.0.5", behind("other")),
			vm("web_other_0a1b2c3d", "10.0.0.6", behind("other"))),
		network + "/loadBalancers/lb":         `{}`,
		network + "/loadBalancers/other":      "500 ",
		base + "/virtualMachines/networkless": `{}`,
	}
	f := newFakeARM(t, s.answer)
	got, err := f.adapter.Addresses(t.Context(), web)
	if err != nil {
		t.Fatal(err)
	}
	wantAddresses(t, map[string]Addresses{"web_0a1b2c3d": reached("10.0.0.4"), "db": reached("10.0.0.5"),
		"web_other_0a1b2c3d": reached("10.0.0.6")}, got)
	if len(f.seen()) != 3 {
		t.Errorf("got %+v", f.seen())
	}
}

// TestAddressesAreTheCallersOwn: a change that a caller makes to its result reaches no other caller.
func TestAddressesAreTheCallersOwn(t *testing.T) {
	f := newFakeARM(t, site{
		nicsPath:                      list(nic("3", "10.0.0.4", behind("lb"))),
		network + "/loadBalancers/lb": balancerWith(natRule("a.3", "3", "in", 6003, 80, ""), "null"),
	}.answer)
	for range 2 {
		found, err := f.adapter.AddressesOf(t.Context(), web, rollout.Ref{ID: "3", VMID: "v"})
		if err != nil || len(found.NAT) != 1 {
			t.Fatalf("got %+v, %v", found, err)
		}
		clear(found.NAT)
	}
	if len(f.seen()) != 2 {
		t.Errorf("it is to be read once, got %+v", f.seen())
	}
}

// TestAddressOfOddInstances refuses what cannot be an instance, and sends nothing.
func TestAddressOfOddInstances(t *testing.T) {
	f := newFakeARM(t, site{}.answer)
	for _, id := range []string{"", "*", "a/b", "a b", "../x"} {
		if _, err := f.adapter.AddressesOf(t.Context(), web, rollout.Ref{ID: id, VMID: "v"}); problemOf(t, err).Kind != rollout.KindInvalid {
			t.Errorf("%q: %v", id, err)
		}
	}
	if _, err := f.adapter.AddressesOf(t.Context(), rollout.ScaleSet{}, rollout.Ref{ID: "3", VMID: "v"}); problemOf(t, err).Kind !=
		rollout.KindInvalid {
		t.Error(err)
	}
	if len(f.seen()) != 0 {
		t.Errorf("got %+v", f.seen())
	}
}
