package azure

import (
	"context"
	"fmt"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
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
