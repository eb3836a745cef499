package azuresim_test

import (
	"net/http"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v8"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
)

// A resource that a client puts comes back with ids, etags, types, states, and its references from and to others.
func TestLoadBalancerRoundTrip(t *testing.T) {
	w := newWorld(t, azuresim.Options{})
	lb := w.makeBalancer(nil)
	want(t, "state", *lb.Properties.ProvisioningState, armnetwork.ProvisioningStateSucceeded)
	want(t, "id", *lb.ID, balancerID)
	want(t, "type", *lb.Type, "Microsoft.Network/loadBalancers")
	rule := lb.Properties.LoadBalancingRules[0]
	want(t, "rule", *rule.ID, balancerID+"/loadBalancingRules/http")
	want(t, "type of the rule", *rule.Type, "Microsoft.Network/loadBalancers/loadBalancingRules")
	want(t, "etag of the rule", *rule.Etag, *lb.Etag)
	want(t, "other name of the pool", *rule.Properties.BackendAddressPools[0].ID, *ref("backendAddressPools", "blue").ID)
	front := lb.Properties.FrontendIPConfigurations[0]
	want(t, "rule of the frontend", *front.Properties.LoadBalancingRules[0].ID, *rule.ID)
	want(t, "rule of the probe", *lb.Properties.Probes[0].Properties.LoadBalancingRules[0].ID, *rule.ID)
	want(t, "rule of the pool", *lb.Properties.BackendAddressPools[0].Properties.LoadBalancingRules[0].ID, *rule.ID)

	again := w.putBalancer(lb) // an unchanged read can be written
	want(t, "rules", len(again.Properties.LoadBalancingRules), 1)
	if *again.Etag == *lb.Etag {
		t.Fatal("the etag did not change")
	}
	lb.Properties.Probes, lb.Properties.LoadBalancingRules = nil, nil
	want(t, "probes left out of a PUT", len(w.putBalancer(lb).Properties.Probes), 0)
}

func TestLoadBalancerLists(t *testing.T) {
	w := newWorld(t, azuresim.Options{})
	w.makeBalancer(nil)
	ctx := t.Context()
	inGroup := all(t, w.balancers.NewListPager("rg", nil),
		func(p armnetwork.LoadBalancersClientListResponse) []*armnetwork.LoadBalancer { return p.Value })
	want(t, "in the group", len(inGroup), 1)
	everywhere := all(t, w.balancers.NewListAllPager(nil),
		func(p armnetwork.LoadBalancersClientListAllResponse) []*armnetwork.LoadBalancer { return p.Value })
	want(t, "in the subscription", len(everywhere), 1)
	tagged, err := w.balancers.UpdateTags(ctx, "rg", "lb", armnetwork.TagsObject{Tags: map[string]*string{"a": to.Ptr("b")}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "tag", *tagged.Tags["a"], "b")
	p, err := w.balancers.BeginDelete(ctx, "rg", "lb", nil)
	done(t, w, p, err)
	_, err = w.balancers.Get(ctx, "rg", "lb", nil)
	wantCode(t, err, http.StatusNotFound, "ResourceNotFound")
	p, err = w.balancers.BeginDelete(ctx, "rg", "lb", nil)
	done(t, w, p, err)
	_, err = w.balancers.Get(ctx, "nowhere", "lb", nil)
	wantCode(t, err, http.StatusNotFound, "ResourceGroupNotFound")
}

// docs/azure.md §2.10: it is not verified that If-Match is honoured. If it is, that holds for the whole and for its parts; otherwise the
// last write wins.
func TestNetworkEtags(t *testing.T) {
	w := newWorld(t, azuresim.Options{Switches: kernel.Switches{NetworkIfMatch: "honour"}})
	stale := *w.makeBalancer(nil).Etag
	w.putBalancer(balancerBody())
	ctx := policy.WithHTTPHeader(t.Context(), http.Header{"If-Match": {stale}})
	_, err := w.balancers.BeginCreateOrUpdate(ctx, "rg", "lb", balancerBody(), nil)
	wantCode(t, err, http.StatusPreconditionFailed, "PreconditionFailed")
	_, err = w.balancers.BeginDelete(ctx, "rg", "lb", nil)
	wantCode(t, err, http.StatusPreconditionFailed, "PreconditionFailed")
	_, err = w.factory.NewLoadBalancerBackendAddressPoolsClient().BeginCreateOrUpdate(ctx, "rg", "lb", "red", armnetwork.BackendAddressPool{},
		nil)
	wantCode(t, err, http.StatusPreconditionFailed, "PreconditionFailed")
	_, err = w.factory.NewInboundNatRulesClient().BeginDelete(ctx, "rg", "lb", "none", nil)
	if err != nil {
		t.Fatal(err) // there is nothing that could have changed
	}
	ctx = policy.WithHTTPHeader(t.Context(), http.Header{"If-Match": {*w.balancer().Etag}})
	p, err := w.balancers.BeginCreateOrUpdate(ctx, "rg", "lb", balancerBody(), nil)
	done(t, w, p, err)
	ctx = policy.WithHTTPHeader(t.Context(), http.Header{"If-None-Match": {"*"}})
	_, err = w.balancers.BeginCreateOrUpdate(ctx, "rg", "lb", balancerBody(), nil)
	wantCode(t, err, http.StatusPreconditionFailed, "PreconditionFailed")
	w.control("PUT", "/switches", map[string]any{"networkIfMatch": "ignore"}, nil)
	for name, value := range map[string]string{"If-Match": stale, "If-None-Match": "*"} {
		ctx = policy.WithHTTPHeader(t.Context(), http.Header{name: {value}})
		p, err = w.balancers.BeginCreateOrUpdate(ctx, "rg", "lb", balancerBody(), nil)
		done(t, w, p, err)
	}
	ctx = policy.WithHTTPHeader(t.Context(), http.Header{"If-Match": {stale}})
	part, err := w.factory.NewLoadBalancerBackendAddressPoolsClient().BeginCreateOrUpdate(ctx, "rg", "lb", "red",
		armnetwork.BackendAddressPool{}, nil)
	done(t, w, part, err)
	gone, err := w.balancers.BeginDelete(ctx, "rg", "lb", nil)
	done(t, w, gone, err)
}

func TestLoadBalancerRefusals(t *testing.T) {
	w := newWorld(t, azuresim.Options{})
	w.makeBalancer(nil)
	type properties = armnetwork.LoadBalancerPropertiesFormat
	for name, tc := range map[string]struct {
		change func(*properties)
		code   string
	}{
		"no such pool":  {func(p *properties) { p.BackendAddressPools = nil }, "InvalidResourceReference"},
		"no such probe": {func(p *properties) { p.Probes = nil }, "InvalidResourceReference"},
		"no such frontend": {func(p *properties) {
			p.LoadBalancingRules[0].Properties.FrontendIPConfiguration = ref("frontendIPConfigurations", "none")
		}, "InvalidResourceReference"},
		"no such address": {func(p *properties) {
			p.FrontendIPConfigurations[0].Properties.PublicIPAddress.ID = to.Ptr(addressID + "x")
		}, "InvalidResourceReference"},
		"no id":         {func(p *properties) { p.LoadBalancingRules[0].Properties.Probe.ID = to.Ptr("alive") }, "LinkedInvalidPropertyId"},
		"no frontend":   {func(p *properties) { p.LoadBalancingRules[0].Properties.FrontendIPConfiguration = nil }, "InvalidRequestFormat"},
		"no port":       {func(p *properties) { p.LoadBalancingRules[0].Properties.FrontendPort = nil }, "InvalidRequestFormat"},
		"no name":       {func(p *properties) { p.Probes[0].Name = nil }, "InvalidRequestFormat"},
		"two of a name": {func(p *properties) { p.Probes = append(p.Probes, p.Probes[0]) }, "InvalidRequestFormat"},
		"two pools": {func(p *properties) {
			p.LoadBalancingRules[0].Properties.BackendAddressPools = []*armnetwork.SubResource{ref("backendAddressPools", "green")}
		}, "LoadBalancingRuleBackendAdressPoolAndBackendAddressPoolsCannotBeSetAtTheSameTimeWithDifferentValue"},
		"two at one port": {func(p *properties) {
			other := *p.LoadBalancingRules[0]
			other.Name = to.Ptr("other")
			p.LoadBalancingRules = append(p.LoadBalancingRules, &other)
		}, "RulesUseSameFrontendPortProtocolAndIPConfig"},
		"an address twice": {func(p *properties) {
			other := *p.FrontendIPConfigurations[0]
			other.Name = to.Ptr("other")
			p.FrontendIPConfigurations = append(p.FrontendIPConfigurations, &other)
		}, "PublicIPAddressInUse"},
	} {
		t.Run(name, func(t *testing.T) {
			before := *w.balancer().Etag
			lb := balancerBody()
			tc.change(lb.Properties)
			_, err := w.balancers.BeginCreateOrUpdate(t.Context(), "rg", "lb", lb, nil)
			wantCode(t, err, http.StatusBadRequest, tc.code)
			want(t, "etag after a refusal", *w.balancer().Etag, before)
		})
	}
	lb := balancerBody()
	lb.Location = to.Ptr("westus")
	_, err := w.balancers.BeginCreateOrUpdate(t.Context(), "rg", "lb", lb, nil)
	wantCode(t, err, http.StatusConflict, "InvalidResourceLocation")
	second := balancerBody()
	second.Properties.LoadBalancingRules = nil
	_, err = w.balancers.BeginCreateOrUpdate(t.Context(), "rg", "second", second, nil)
	wantCode(t, err, http.StatusBadRequest, "PublicIPAddressInUse")
}

func TestPublicIPAddresses(t *testing.T) {
	w := newWorld(t, azuresim.Options{})
	w.makeBalancer(nil)
	ctx := t.Context()
	ip, err := w.addresses.Get(ctx, "rg", "ip", nil)
	if err != nil {
		t.Fatal(err)
	}
	if ip.Properties.IPAddress == nil || *ip.Properties.IPConfiguration.ID != balancerID+"/frontendIPConfigurations/front" {
		t.Fatalf("%+v", ip.Properties)
	}
	_, err = w.addresses.BeginDelete(ctx, "rg", "ip", nil)
	wantCode(t, err, http.StatusBadRequest, "PublicIPAddressCannotBeDeleted")
	want(t, "listed", len(all(t, w.addresses.NewListPager("rg", nil),
		func(p armnetwork.PublicIPAddressesClientListResponse) []*armnetwork.PublicIPAddress { return p.Value })), 1)
	want(t, "listed",
		len(all(t, w.addresses.NewListAllPager(nil), func(p armnetwork.PublicIPAddressesClientListAllResponse) []*armnetwork.PublicIPAddress {
			return p.Value
		})), 1)
	if _, err := w.addresses.UpdateTags(ctx, "rg", "ip", armnetwork.TagsObject{Tags: map[string]*string{"a": to.Ptr("b")}}, nil); err != nil {
		t.Fatal(err)
	}
	deletion, err := w.balancers.BeginDelete(ctx, "rg", "lb", nil)
	done(t, w, deletion, err)
	gone, err := w.addresses.BeginDelete(ctx, "rg", "ip", nil)
	done(t, w, gone, err)
	_, err = w.addresses.Get(ctx, "rg", "ip", nil)
	wantCode(t, err, http.StatusNotFound, "ResourceNotFound")

	basic := armnetwork.PublicIPAddress{Location: to.Ptr("eastus"),
		SKU: &armnetwork.PublicIPAddressSKU{Name: to.Ptr(armnetwork.PublicIPAddressSKUNameBasic)},
		Properties: &armnetwork.PublicIPAddressPropertiesFormat{
			DNSSettings: &armnetwork.PublicIPAddressDNSSettings{DomainNameLabel: to.Ptr("web")},
		}}
	p, err := w.addresses.BeginCreateOrUpdate(ctx, "rg", "basic", basic, nil)
	made := done(t, w, p, err)
	if made.Properties.IPAddress != nil {
		t.Fatal("a dynamic address that nothing uses is shown")
	}
	want(t, "name", *made.Properties.DNSSettings.Fqdn, "web.eastus.cloudapp.azure.com")
}

// Parts have operations of their own; a write of one is a write of the whole.
func TestLoadBalancerParts(t *testing.T) {
	w := newWorld(t, azuresim.Options{})
	before := *w.makeBalancer(nil).Etag
	ctx := t.Context()
	pools := w.factory.NewLoadBalancerBackendAddressPoolsClient()
	p, err := pools.BeginCreateOrUpdate(ctx, "rg", "lb", "red", armnetwork.BackendAddressPool{}, nil)
	pool := done(t, w, p, err)
	want(t, "id", *pool.ID, balancerID+"/backendAddressPools/red")
	want(t, "etag", *pool.Etag, *w.balancer().Etag)
	if *pool.Etag == before {
		t.Fatal("the etag did not change")
	}
	want(t, "pools", len(all(t, pools.NewListPager("rg", "lb", nil),
		func(p armnetwork.LoadBalancerBackendAddressPoolsClientListResponse) []*armnetwork.BackendAddressPool {
			return p.Value
		})), 3)
	_, err = pools.BeginDelete(ctx, "rg", "lb", "blue", nil)
	wantCode(t, err, http.StatusBadRequest, "InvalidResourceReference")
	d, err := pools.BeginDelete(ctx, "rg", "lb", "red", nil)
	done(t, w, d, err)
	_, err = pools.Get(ctx, "rg", "lb", "red", nil)
	wantCode(t, err, http.StatusNotFound, "NotFound")

	nats := w.factory.NewInboundNatRulesClient()
	n, err := nats.BeginCreateOrUpdate(ctx, "rg", "lb", "ssh", natRule(22), nil)
	rule := done(t, w, n, err)
	want(t, "first port", *rule.Properties.FrontendPortRangeStart, 50000)
	got, err := nats.Get(ctx, "rg", "lb", "ssh", nil)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "id", *got.ID, balancerID+"/inboundNatRules/ssh")
	want(t, "rules", len(all(t, nats.NewListPager("rg", "lb", nil),
		func(p armnetwork.InboundNatRulesClientListResponse) []*armnetwork.InboundNatRule { return p.Value })), 1)
	nd, err := nats.BeginDelete(ctx, "rg", "lb", "ssh", nil)
	done(t, w, nd, err)
	want(t, "NAT rules left", len(w.balancer().Properties.InboundNatRules), 0)

	lbRules, lbProbes := w.factory.NewLoadBalancerLoadBalancingRulesClient(), w.factory.NewLoadBalancerProbesClient()
	fronts := w.factory.NewLoadBalancerFrontendIPConfigurationsClient()
	if _, err := lbRules.Get(ctx, "rg", "lb", "http", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := lbProbes.Get(ctx, "rg", "lb", "alive", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := fronts.Get(ctx, "rg", "lb", "FRONT", nil); err != nil {
		t.Fatal(err)
	}
	want(t, "rules", len(all(t, lbRules.NewListPager("rg", "lb", nil),
		func(p armnetwork.LoadBalancerLoadBalancingRulesClientListResponse) []*armnetwork.LoadBalancingRule {
			return p.Value
		})), 1)
	want(t, "probes", len(all(t, lbProbes.NewListPager("rg", "lb", nil),
		func(p armnetwork.LoadBalancerProbesClientListResponse) []*armnetwork.Probe { return p.Value })), 1)
	want(t, "frontends", len(all(t, fronts.NewListPager("rg", "lb", nil),
		func(p armnetwork.LoadBalancerFrontendIPConfigurationsClientListResponse) []*armnetwork.FrontendIPConfiguration {
			return p.Value
		})), 1)
	want(t, "outbound rules", len(all(t, w.factory.NewLoadBalancerOutboundRulesClient().NewListPager("rg", "lb", nil),
		func(p armnetwork.LoadBalancerOutboundRulesClientListResponse) []*armnetwork.OutboundRule {
			return p.Value
		})), 0)
}

func natRule(port int32) armnetwork.InboundNatRule {
	return armnetwork.InboundNatRule{Name: to.Ptr("ssh"), Properties: &armnetwork.InboundNatRulePropertiesFormat{
		Protocol: to.Ptr(armnetwork.TransportProtocolTCP), BackendPort: to.Ptr(port),
		FrontendPortRangeStart: to.Ptr[int32](50000), FrontendPortRangeEnd: to.Ptr[int32](50009),
		FrontendIPConfiguration: ref("frontendIPConfigurations", "front"), BackendAddressPool: ref("backendAddressPools", "blue"),
	}}
}

func natPool(name string, first, port int32) *armnetwork.InboundNatPool {
	return &armnetwork.InboundNatPool{Name: to.Ptr(name), Properties: &armnetwork.InboundNatPoolPropertiesFormat{
		Protocol: to.Ptr(armnetwork.TransportProtocolTCP), BackendPort: to.Ptr(port),
		FrontendIPConfiguration: ref("frontendIPConfigurations", "front"),
		FrontendPortRangeStart:  to.Ptr(first), FrontendPortRangeEnd: to.Ptr(first + 9),
	}}
}

// The Azure CLI reads a load balancer, changes it, and puts it whole, without If-Match, in whatever api-version it was made with.
func TestReadChangePut(t *testing.T) {
	w := newWorld(t, azuresim.Options{})
	w.makeBalancer(nil)
	for _, version := range []string{"2018-08-01", "2022-07-01", "2025-03-01"} {
		path := balancerID + "?api-version=" + version
		lb := w.send("GET", path, "", http.StatusOK)
		properties := lb["properties"].(map[string]any)
		rule := properties["loadBalancingRules"].([]any)[0].(map[string]any)["properties"].(map[string]any)
		rule["backendAddressPool"] = map[string]any{"id": balancerID + "/backendAddressPools/green"}
		delete(rule, "backendAddressPools")
		w.send("PUT", path, mustJSON(t, lb), http.StatusOK)
		want(t, "pool", *w.balancer().Properties.LoadBalancingRules[0].Properties.BackendAddressPool.ID, *ref("backendAddressPools", "green").ID)
		w.settle()
	}
}

// A later write supersedes one whose operation still runs; faults of operations are those of the compute provider.
func TestNetworkOperations(t *testing.T) {
	w := newWorld(t, azuresim.Options{})
	w.makeBalancer(nil)
	ctx := t.Context()
	first, err := w.balancers.BeginCreateOrUpdate(ctx, "rg", "lb", balancerBody(), nil)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "state", *w.balancer().Properties.ProvisioningState, armnetwork.ProvisioningStateUpdating)
	w.putBalancer(balancerBody())
	_, err = first.Poll(ctx)
	if err == nil {
		_, err = first.Result(ctx)
	}
	wantCode(t, err, http.StatusOK, "CanceledAndSupersededDueToAnotherOperation")
	w.control("PUT", "/faults", []map[string]any{{"operation": "LoadBalancers.CreateOrUpdate", "kind": "operationFailed"}}, nil)
	second, err := w.balancers.BeginCreateOrUpdate(ctx, "rg", "lb", balancerBody(), nil)
	if err != nil {
		t.Fatal(err)
	}
	w.settle()
	_, err = second.Poll(ctx)
	if err == nil {
		_, err = second.Result(ctx)
	}
	wantCode(t, err, http.StatusOK, "InternalExecutionError")
	want(t, "state", *w.balancer().Properties.ProvisioningState, armnetwork.ProvisioningStateFailed)
}
