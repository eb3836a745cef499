package azure

import (
	"context"
	"fmt"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Instances reads every instance with its instance view: one GET a page, unprojected, because a projected list lies about
// latestModelApplied. A page that fails, a page without a list, an item without an id and an id that comes twice fail the whole read: a
// list that cannot be trusted is no list.
func (a *Adapter) Instances(ctx context.Context, set rollout.ScaleSet) ([]rollout.Instance, error) {
	c, err := a.in(set)
	if err != nil {
		return nil, err
	}
	x := &arm.Call{Operation: "Instances", Doing: fmt.Sprintf("listing instances of scale set %q", set), Set: set}
	ctx = x.With(ctx)
	expand := "instanceView"
	pager := c.instances.NewListPager(set.ResourceGroup, set.Name, &armcompute.VirtualMachineScaleSetVMsClientListOptions{Expand: &expand})
	list := listing{x: x, ids: map[string]bool{}}
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return nil, x.Problem(err)
		}
		if err := list.add(page.VirtualMachineScaleSetVMListResult); err != nil {
			return nil, err
		}
	}
	return list.instances, nil
}

// listing gathers pages.
type listing struct {
	x         *arm.Call
	instances []rollout.Instance
	ids       map[string]bool
	pages     arm.Pages
}

// add takes one page in.
func (l *listing) add(page armcompute.VirtualMachineScaleSetVMListResult) error {
	if page.Value == nil {
		return l.untrusted(arm.NoList)
	}
	for _, vm := range page.Value {
		id := idOf(deref(vm))
		key := strings.ToLower(id)
		switch {
		case id == "":
			return l.untrusted("an item has no instance id")
		case len(l.ids) == arm.MaxListed:
			return l.untrusted(fmt.Sprintf("more than %d instances are listed", arm.MaxListed))
		case l.ids[key]:
			return l.untrusted(fmt.Sprintf("instance %s is listed twice", id))
		}
		l.ids[key] = true
		i := instanceOf(*vm, l.x)
		i.ListedAt = arm.AnsweredAt(l.x.Response())
		l.instances = append(l.instances, i)
	}
	if why := l.pages.Next(deref(page.NextLink)); why != "" {
		return l.untrusted(why)
	}
	return nil
}

func (l *listing) untrusted(why string) error { return l.x.Untrusted(why) }
