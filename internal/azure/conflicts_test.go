package azure

import (
	"context"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// TestConflicts holds which refusals pass by themselves and which need a person, who is told the next command. The words are Azure's, from
// the recordings and from issues: docs/azure.md §2.8 and §8.
func TestConflicts(t *testing.T) {
	metric.Fault(t, 3)
	const set = " --subscription 00000000-0000-0000-0000-000000000001 --resource-group shop-rg --name web"
	activity := "az monitor activity-log list --resource-id " + web.ID() + " --offset 1h"
	for name, c := range map[string]struct {
		status      int
		code        string
		says        string
		kind        rollout.Kind
		remediation string
	}{
		"disk": {409, "OperationNotAllowed",
			"The specified disk size 127 GB is smaller than the size of the corresponding disk in the VM image: 255 GB. This is not allowed. " +
				"Please choose equal or greater size or do not specify an explicit size.",
			rollout.KindInvalid, "az vmss update" + set + " --set virtualMachineProfile.storageProfile.osDisk.diskSizeGB=255"},
		"disk, in the words of a deployment": {409, "Conflict",
			`{"error":{"code":"OperationNotAllowed",` +
				`"message":"The specified disk size 50 GB is smaller than the size of the corresponding disk in the VM image: 150 GB."}}`,
			rollout.KindInvalid, "az vmss update" + set + " --set virtualMachineProfile.storageProfile.osDisk.diskSizeGB=150"},
		"image type": {409, "OperationNotAllowed", "The Image type for a Virtual Machine Scale Set may not be changed.",
			rollout.KindInvalid, "az vmss show" + set + " --query virtualMachineProfile.storageProfile.imageReference"},
		"size": {409, "SkuNotAvailable",
			"The requested size for resource '/subscriptions/s/x' is currently not available in location 'westeurope' zones '1' for subscription " +
				"'s'. Please try another size or deploy to a different location or zones.",
			rollout.KindInvalid,
			"az vm list-skus --subscription 00000000-0000-0000-0000-000000000001 --location westeurope --resource-type virtualMachines --all " +
				"--output table"},
		"spot only": {409, "OperationNotAllowed", "Operation 'simulateEviction' is allowed only for Spot Virtual Machines",
			rollout.KindInvalid, activity},
		"state of the instance": {409, "OperationNotAllowed", "Operation 'manualupgrade' is not allowed on VM 'web_3' in its current state.",
			rollout.KindInvalid, activity},
		"no rolling upgrade": {409, "OperationNotAllowed", "There is no ongoing Rolling Upgrade to cancel.", rollout.KindInvalid, activity},
		"never heard of":     {409, "NeverHeardOf", "x", rollout.KindInvalid, activity},
		"concurrent request": {409, "Conflict",
			"The request failed due to conflict with a concurrent request. To resolve it, please refer to https://aka.ms/activitylog",
			rollout.KindConflict, ""},
		"concurrent write": {409, "ConflictingConcurrentWriteNotAllowed",
			"The operation was interrupted by a conflicting concurrent write on the same entity. Please retry later.", rollout.KindConflict, ""},
		"another operation": {409, "OperationNotAllowed",
			"Operation is not allowed: Another operation (Updating) is in progress, please wait for it to finish before starting a new operation.",
			rollout.KindConflict, ""},
		"rolling upgrade": {409, "OperationNotAllowed", "There is an ongoing Rolling Upgrade on the scale set.", rollout.KindConflict,
			""},
		"superseded": {409, "CanceledAndSupersededDueToAnotherOperation", "x", rollout.KindPreempted, ""},
		"preempted": {409, "OperationPreempted", "Operation execution has been preempted by a more recent operation.",
			rollout.KindPreempted, ""},
		"instance cannot be found": {400, "BadRequest", "The VM instance cannot be found.", rollout.KindInstanceGone, ""},
		"instance not found": {404, "ResourceNotFound",
			"The Resource 'Microsoft.Compute/virtualMachineScaleSets/web/virtualMachines/3' under resource group 'shop-rg' was not found.",
			rollout.KindInstanceGone, ""},
		"instance not active": {400, "InvalidParameter", "The provided instanceId 3 is not an active Virtual Machine Scale Set VM instanceId.",
			rollout.KindInstanceGone, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeARM(t, answering(c.status, errorBody(c.code, c.says)))
			for effect, begin := range effects {
				_, err := begin(context.Background(), f.adapter)
				p := problemOf(t, err)
				if p.Kind != c.kind || p.Remediation != c.remediation || p.Code != c.code {
					t.Errorf("%s: want %s, %q, got %s %s, %q", effect, c.kind, c.remediation, p.Kind, p.Code, p.Remediation)
				}
				if !strings.Contains(p.Message, c.says[:min(len(c.says), 60)]) {
					t.Errorf("%s: Azure's words are not repeated: %s", effect, p.Message)
				}
			}
		})
	}
}
