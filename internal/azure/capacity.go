package azure

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/message"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Scale begins a PATCH of the SKU and of nothing else, with If-Match: one GET and one PATCH. Only the capacity differs from what was read.
// The other members are sent back, as the Azure CLI does (azure-cli-2025-02__test_vmss_create_and_modify:33).
func (a *Adapter) Scale(ctx context.Context, set rollout.ScaleSet, step rollout.Scale) (rollout.Accepted, error) {
	c, err := a.in(set)
	if err != nil {
		return rollout.Accepted{}, err
	}
	reading := &arm.Call{Operation: "Scale", Doing: fmt.Sprintf("scaling scale set %q to %d instances", set, step.Capacity), Set: set}
	switch {
	case step.Capacity < 0:
		return rollout.Accepted{}, reading.Refuse("a capacity cannot be negative")
	case step.ETag == "":
		return rollout.Accepted{}, reading.Refuse("the ETag of the scale set is not known")
	}
	read, etag, err := readDocument(ctx, c.compute, reading, set.ID(), computeVersion)
	if err != nil {
		return rollout.Accepted{}, err
	}
	if etag != step.ETag {
		return rollout.Accepted{}, stale(reading, "the scale set")
	}
	sku := document{}
	if json.Unmarshal(read["sku"], &sku) != nil || len(sku) == 0 {
		return rollout.Accepted{}, reading.Refuse("the scale set shows no SKU")
	}
	sku["capacity"] = json.RawMessage(fmt.Sprint(step.Capacity))
	x := &arm.Call{Operation: reading.Operation, Doing: reading.Doing, Set: set, Effect: true}
	answer, err := rawRequest{
		method: http.MethodPatch, path: set.ID(), version: computeVersion, etag: etag, body: map[string]any{"sku": sku},
	}.send(x.With(ctx), c.compute, http.StatusOK, http.StatusAccepted)
	if err != nil {
		return rollout.Accepted{}, x.Problem(err)
	}
	p, err := runtime.NewPoller[updated](answer, c.compute.Pipeline(), nil)
	return x.Accepted(p, err)
}

// stale is the problem of an effect that is not sent, since its object is no longer the one that was read.
func stale(x *arm.Call, what string) error {
	return &rollout.Problem{
		Kind:    rollout.KindPreconditionFailed,
		Message: message.Clean(x.Doing+": nothing was sent: "+what+" changed since it was read", message.Limit, x.Redactor()),
	}
}

// AutoscaleOf returns the names of the enabled autoscale settings of the scale set, sorted: one GET a page of those of its resource group.
// Azure creates a setting in the group of its target unless another one is named, and such a setting is not found.
func (a *Adapter) AutoscaleOf(ctx context.Context, set rollout.ScaleSet) ([]string, error) {
	c, err := a.in(set)
	if err != nil {
		return nil, err
	}
	x := &arm.Call{Operation: "AutoscaleOf", Doing: fmt.Sprintf("listing autoscale settings of scale set %q", set), Set: set}
	ctx = x.With(ctx)
	var names []string
	pager, pages := c.autoscale.NewListByResourceGroupPager(set.ResourceGroup, nil), arm.Pages{}
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return nil, x.Problem(err)
		}
		if page.Value == nil {
			return nil, x.Untrusted(arm.NoList)
		}
		for _, s := range page.Value {
			p := deref(deref(s).Properties)
			if deref(p.Enabled) && strings.EqualFold(strings.TrimRight(deref(p.TargetResourceURI), "/"), set.ID()) {
				names = append(names, deref(deref(s).Name))
			}
		}
		if why := pages.Next(deref(page.NextLink)); why != "" {
			return nil, x.Untrusted(why)
		}
	}
	slices.Sort(names)
	return names, nil
}
