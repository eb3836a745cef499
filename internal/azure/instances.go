package azure

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Instances reads every instance with its instance view: one GET a page, unprojected, because a projected list lies about
// latestModelApplied. A page that fails, a page without a list, an item without an id and an id that comes twice fail the whole read: a
// list that cannot be trusted is no list.
//
// Those of a Flexible set are read as the virtual machines that they are, since the set's own list has only their names. Which list to read
// first is remembered. The lists themselves correct what is remembered: a scale set may be made again with another orchestration.
func (a *Adapter) Instances(ctx context.Context, set rollout.ScaleSet) ([]rollout.Instance, error) {
	c, err := a.in(set)
	if err != nil {
		return nil, err
	}
	if a.orchestrations.of(set).flexible {
		if list, err := a.virtualMachines(ctx, c, set); err != nil || len(list) > 0 {
			return list, err
		}
	}
	list, err := a.setsOwnList(ctx, c, set)
	if err != nil || !list.named {
		return list.instances, err
	}
	a.orchestrations.learn(set, orchestration{flexible: true, windows: a.orchestrations.of(set).windows})
	machines, err := a.virtualMachines(ctx, c, set)
	if err == nil && len(machines) == 0 {
		return nil, list.untrusted(fmt.Sprintf("%d instances have no virtual machine", len(list.instances)))
	}
	return machines, err
}

// setsOwnList reads the list that a scale set has of its instances.
func (a *Adapter) setsOwnList(ctx context.Context, c clients, set rollout.ScaleSet) (listing, error) {
	x := listCall(set)
	ctx = x.With(ctx)
	expand := "instanceView"
	pager := c.instances.NewListPager(set.ResourceGroup, set.Name, &armcompute.VirtualMachineScaleSetVMsClientListOptions{Expand: &expand})
	list := listing{x: x, ids: map[string]bool{}}
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return listing{}, x.Problem(err)
		}
		for _, vm := range page.Value {
			p := deref(deref(vm).Properties)
			a.orchestrations.learnSystem(set, p.OSProfile, p.StorageProfile)
		}
		if err := list.add(page.VirtualMachineScaleSetVMListResult); err != nil {
			return listing{}, err
		}
	}
	return list, nil
}

func listCall(set rollout.ScaleSet) *arm.Call {
	return &arm.Call{Operation: "Instances", Doing: fmt.Sprintf("listing instances of scale set %q", set), Set: set}
}

// virtualMachines reads the instances of a Flexible set. The list of the resource group needs no permission beyond it. A virtual machine of
// another set is left out, should the filter not be applied.
func (a *Adapter) virtualMachines(ctx context.Context, c clients, set rollout.ScaleSet) ([]rollout.Instance, error) {
	x := listCall(set)
	ctx = x.With(ctx)
	filter := fmt.Sprintf("'virtualMachineScaleSet/id' eq '%s'", set.ID())
	pager := c.virtualMachines.NewListPager(set.ResourceGroup, &armcompute.VirtualMachinesClientListOptions{
		Filter: &filter, Expand: to.Ptr(armcompute.ExpandTypeForListVMsInstanceView),
	})
	list, latest := listing{x: x, ids: map[string]bool{}}, a.orchestrations.of(set).profile
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return nil, x.Problem(err)
		}
		if page.Value == nil {
			return nil, list.untrusted(arm.NoList)
		}
		for _, vm := range page.Value {
			if !strings.EqualFold(deref(deref(deref(deref(vm).Properties).VirtualMachineScaleSet).ID), set.ID()) {
				continue
			}
			a.orchestrations.learnSystem(set, vm.Properties.OSProfile, vm.Properties.StorageProfile)
			if err := list.take(deref(vm.Name), virtualMachineOf(*vm, latest, x)); err != nil {
				return nil, err
			}
		}
		if why := list.pages.Next(deref(page.NextLink)); why != "" {
			return nil, list.untrusted(why)
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
	named     bool // an instance has a name, where Uniform sets have numbers
}

// add takes one page in.
func (l *listing) add(page armcompute.VirtualMachineScaleSetVMListResult) error {
	if page.Value == nil {
		return l.untrusted(arm.NoList)
	}
	for _, vm := range page.Value {
		id := idOf(deref(vm))
		if err := l.take(id, instanceOf(deref(vm), l.x)); err != nil {
			return err
		}
		l.named = l.named || arm.OrchestrationOf(id) == rollout.OrchestrationFlexible
	}
	if why := l.pages.Next(deref(page.NextLink)); why != "" {
		return l.untrusted(why)
	}
	return nil
}

// take takes one instance in.
func (l *listing) take(id string, i rollout.Instance) error {
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
	i.ListedAt = arm.AnsweredAt(l.x.Response())
	l.instances = append(l.instances, i)
	return nil
}

func (l *listing) untrusted(why string) error { return l.x.Untrusted(why) }

// orchestration is the kind of a scale set, and its latest profile, as last seen.
type orchestration struct {
	flexible bool
	profile  time.Time // when its latest profile was made; zero: not known
	windows  bool      // its instances run Windows
}

// orchestrations remembers the kinds of scale sets. It saves calls and decides nothing.
type orchestrations struct {
	mu   sync.Mutex
	seen map[string]orchestration // by lower-case id
}

func (o *orchestrations) of(set rollout.ScaleSet) orchestration {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.seen[strings.ToLower(set.ID())]
}

func (o *orchestrations) learn(set rollout.ScaleSet, is orchestration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.seen == nil {
		o.seen = map[string]orchestration{}
	}
	o.seen[strings.ToLower(set.ID())] = is
}

// learnSystem remembers that an instance runs Windows. The instances of a scale set have one operating system.
func (o *orchestrations) learnSystem(set rollout.ScaleSet, system *armcompute.OSProfile, storage *armcompute.StorageProfile) {
	if !isWindows(deref(system).WindowsConfiguration, deref(deref(storage).OSDisk).OSType) {
		return
	}
	if is := o.of(set); !is.windows {
		is.windows = true
		o.learn(set, is)
	}
}

// HasInstance asks for one instance by its id: one GET. False means that Azure does not know the instance, that Azure is deleting it, or
// that it belongs to the scale set no more. An instance of a Flexible set is a virtual machine of the resource group and is asked for as
// one.
func (a *Adapter) HasInstance(ctx context.Context, set rollout.ScaleSet, id string) (bool, error) {
	c, err := a.in(set)
	if err != nil {
		return false, err
	}
	x := &arm.Call{Operation: "HasInstance", Doing: fmt.Sprintf("reading instance %q of scale set %q", id, set), Set: set}
	if !instanceID.MatchString(id) {
		return false, x.Refuse("%q cannot be an instance id", id)
	}
	var state *string
	member := true
	if arm.OrchestrationOf(id) == rollout.OrchestrationUniform {
		vm, getErr := c.instances.Get(x.With(ctx), set.ResourceGroup, set.Name, id, nil)
		state, err = deref(vm.Properties).ProvisioningState, getErr
	} else {
		vm, getErr := c.virtualMachines.Get(x.With(ctx), set.ResourceGroup, id, nil)
		p := deref(vm.Properties)
		state, err = p.ProvisioningState, getErr
		member = strings.EqualFold(deref(deref(p.VirtualMachineScaleSet).ID), set.ID())
	}
	if err != nil {
		p := x.Problem(err)
		if p.Kind == rollout.KindInstanceGone {
			return false, nil
		}
		return false, p
	}
	return member && provisioningState(state) != rollout.StateDeleting, nil
}
