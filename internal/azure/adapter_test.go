package azure

import (
	"context"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

func TestNewRefuses(t *testing.T) {
	for name, o := range map[string]Options{
		"no credential":        {},
		"endpoint with a user": {Credential: staticCredential{}, Endpoint: "https://u:p@host"},
		"endpoint with a path": {Credential: staticCredential{}, Endpoint: "https://host/x"},
		"endpoint with query":  {Credential: staticCredential{}, Endpoint: "https://host?x"},
		"endpoint not http":    {Credential: staticCredential{}, Endpoint: "ftp://host"},
		"endpoint not a URL":   {Credential: staticCredential{}, Endpoint: "://"},
		"cloud without ARM": {Credential: staticCredential{},
			Cloud: cloud.Configuration{Services: map[cloud.ServiceName]cloud.ServiceConfiguration{}}},
	} {
		if _, err := New(o); err == nil {
			t.Errorf("%s: want an error", name)
		}
	}
}

func TestEndpointOfClouds(t *testing.T) {
	for name, want := range map[string]string{
		"":                "https://management.azure.com",
		"AzurePublic":     "https://management.azure.com",
		"AzureGovernment": "https://management.usgovcloudapi.net",
		"AzureChina":      "https://management.chinacloudapi.cn",
	} {
		c, err := CloudNamed(name)
		if err != nil {
			t.Fatal(err)
		}
		a := newAdapter(t, Options{Cloud: c})
		if got := a.endpoint.String(); got != want {
			t.Errorf("%q: want %s, got %s", name, want, got)
		}
	}
	if _, err := CloudNamed("azurecloud"); err == nil {
		t.Error("want an error for a cloud that does not exist")
	}
	if a := newAdapter(t, Options{}); a.endpoint.String() != "https://management.azure.com" {
		t.Errorf("the zero value is the public cloud, got %s", a.endpoint)
	}
}

func TestNamesThatAreNoNames(t *testing.T) {
	f := newFakeARM(t, answering(200, "{}"))
	for _, set := range []rollout.ScaleSet{
		{},
		{SubscriptionID: "s", ResourceGroup: "g"},
		{SubscriptionID: "s", ResourceGroup: "..", Name: "n"},
		{SubscriptionID: "s", ResourceGroup: "g/../h", Name: "n"},
		{SubscriptionID: "s", ResourceGroup: "g", Name: "n?x"},
		{SubscriptionID: "s", ResourceGroup: "g", Name: "n%2f"},
		{SubscriptionID: "s", ResourceGroup: "g", Name: "n n"},
	} {
		ctx := context.Background()
		_, model := f.adapter.Model(ctx, set)
		_, instances := f.adapter.Instances(ctx, set)
		_, poll := f.adapter.Poll(ctx, set, rollout.UpgradeOperation, "x")
		_, image := f.adapter.WriteImage(ctx, set, rollout.WriteImage{})
		_, script := f.adapter.WriteScript(ctx, set, rollout.WriteScript{}, nil)
		_, upgrade := f.adapter.Upgrade(ctx, set, nil)
		_, reimage := f.adapter.Reimage(ctx, set, nil)
		_, addresses := f.adapter.Addresses(ctx, set)
		_, traffic := f.adapter.Traffic(ctx, set, webRule)
		_, switched := f.adapter.SwitchTraffic(ctx, set, rollout.SwitchTraffic{Rule: webRule, ETag: "x", Pool: green})
		_, scaled := f.adapter.Scale(ctx, set, rollout.Scale{ETag: "x"})
		_, autoscale := f.adapter.AutoscaleOf(ctx, set)
		for _, err := range []error{model, instances, poll, image, script, upgrade, reimage, addresses, traffic, switched, scaled, autoscale} {
			if p := problemOf(t, err); p.Kind != rollout.KindInvalid {
				t.Errorf("%+v: %+v", set, p)
			}
		}
	}
	if got := f.seen(); len(got) != 0 {
		t.Errorf("nothing may be sent, got %+v", got)
	}
}

func TestClientsAreKeptBySubscription(t *testing.T) {
	a := newAdapter(t, Options{})
	first, err := a.in(rollout.ScaleSet{SubscriptionID: "ABC", ResourceGroup: "g", Name: "n"})
	if err != nil {
		t.Fatal(err)
	}
	again, err := a.in(rollout.ScaleSet{SubscriptionID: "abc", ResourceGroup: "h", Name: "m"})
	if err != nil {
		t.Fatal(err)
	}
	other, err := a.in(rollout.ScaleSet{SubscriptionID: "other", ResourceGroup: "g", Name: "n"})
	if err != nil {
		t.Fatal(err)
	}
	if first != again || first == other {
		t.Error("want one set of clients a subscription")
	}
}
