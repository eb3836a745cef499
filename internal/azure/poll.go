package azure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v8"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Poll asks once how a begun operation is doing: one GET. That the operation failed is no error but a status; that its status can
// no longer be read, be it for the token's sake, is the status Lost. An error means that nothing was learnt.
func (a *Adapter) Poll(ctx context.Context, set rollout.ScaleSet, kind rollout.OperationKind,
	token string) (rollout.OperationStatus, error) {
	c, err := a.in(set)
	if err != nil {
		return rollout.OperationStatus{}, err
	}
	x := &arm.Call{Operation: "Poll", Doing: fmt.Sprintf("polling %s of scale set %q", kind, set), Set: set}
	ctx = x.With(ctx)
	p, err := a.resume(ctx, c, set, kind, token)
	if err != nil {
		return x.Lost(err.Error()), nil
	}
	resp, err := p.Poll(ctx)
	if err == nil && resp.StatusCode >= http.StatusBadRequest {
		err = runtime.NewResponseError(resp) // some pollers take a refusal for an outcome
	}
	if err != nil {
		if x.Response() != nil && arm.Gone(x.Response().StatusCode) {
			return x.Lost(fmt.Sprintf("Azure answered %d", x.Response().StatusCode)), nil
		}
		return rollout.OperationStatus{}, x.Problem(err)
	}
	return x.Status(resp, p.Done()), nil
}

// errToken says that a token cannot be resumed. It quotes nothing of the token, which is a signed URL.
var errToken = errors.New("the token of the operation is not one that can be resumed here")

// resume makes a poller of a token. It sends nothing.
func (a *Adapter) resume(ctx context.Context, c clients, set rollout.ScaleSet, kind rollout.OperationKind,
	token string) (arm.Poller, error) {
	if !a.ours(token) {
		return nil, errToken
	}
	var p arm.Poller
	var err error
	switch kind {
	case rollout.WriteScriptOperation:
		p, err = c.extensions.BeginCreateOrUpdate(
			ctx, set.ResourceGroup, set.Name, rollout.DefaultScriptExtension, armcompute.VirtualMachineScaleSetExtension{},
			&armcompute.VirtualMachineScaleSetExtensionsClientBeginCreateOrUpdateOptions{ResumeToken: token})
	case rollout.RemoveScriptOperation:
		p, err = c.extensions.BeginDelete(ctx, set.ResourceGroup, set.Name, rollout.DefaultScriptExtension,
			&armcompute.VirtualMachineScaleSetExtensionsClientBeginDeleteOptions{ResumeToken: token})
	case rollout.UpgradeOperation:
		p, err = c.sets.BeginUpdateInstances(ctx, set.ResourceGroup, set.Name, armcompute.VirtualMachineScaleSetVMInstanceRequiredIDs{},
			&armcompute.VirtualMachineScaleSetsClientBeginUpdateInstancesOptions{ResumeToken: token})
	case rollout.ReimageOperation:
		p, err = c.sets.BeginReimage(ctx, set.ResourceGroup, set.Name,
			&armcompute.VirtualMachineScaleSetsClientBeginReimageOptions{ResumeToken: token})
	case rollout.SuspendRepairsOperation, rollout.ResumeRepairsOperation:
		p, err = c.sets.BeginSetOrchestrationServiceState(ctx, set.ResourceGroup, set.Name, armcompute.OrchestrationServiceStateInput{},
			&armcompute.VirtualMachineScaleSetsClientBeginSetOrchestrationServiceStateOptions{ResumeToken: token})
	case rollout.SwitchTrafficOperation:
		p, err = c.network.Balancers.BeginCreateOrUpdate(ctx, set.ResourceGroup, set.Name, armnetwork.LoadBalancer{},
			&armnetwork.LoadBalancersClientBeginCreateOrUpdateOptions{ResumeToken: token}) // the token has the path
	default: // every other write is an update of the scale set; a token of something else is refused by its type
		p, err = c.sets.BeginUpdate(ctx, set.ResourceGroup, set.Name, armcompute.VirtualMachineScaleSetUpdate{},
			&armcompute.VirtualMachineScaleSetsClientBeginUpdateOptions{ResumeToken: token})
	}
	// A token that says the operation is over was never made by begun; polling it would answer without asking Azure.
	if err != nil || p.Done() {
		return nil, errToken
	}
	return p, nil
}

// ours reports whether every URL in the token leads to the endpoint. The token comes back from an object that others may edit, and every
// URL in it is sent our credential. The token is never empty: an empty one would make the SDK begin the operation instead.
func (a *Adapter) ours(token string) bool {
	var outer struct {
		Token map[string]any `json:"token"`
	}
	if json.Unmarshal([]byte(token), &outer) != nil || len(outer.Token) == 0 {
		return false
	}
	leads := 0
	for name, value := range outer.Token {
		s, text := value.(string)
		if !text {
			return false
		}
		if s == "" || !strings.HasSuffix(strings.ToLower(name), "url") {
			continue
		}
		u, err := url.Parse(s)
		if err != nil || !arm.SameOrigin(u, a.endpoint) {
			return false
		}
		leads++
	}
	return leads > 0
}
