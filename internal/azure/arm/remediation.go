package arm

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// The commands that a person runs next. Names go into them quoted, since a command is there to be pasted.

// show looks whether the scale set is where the declaration says.
func show(set rollout.ScaleSet, _ answer) string {
	return "az vmss show " + set.Arguments()
}

// role is the custom role that the README defines: all that the controller does to a scale set, and no more.
const role = "VMSS Rollouts"

// grant gives the identity the README's role; instances of a Flexible set are beside it in the group, and come and go. What else it reads,
// network and metrics, may lie where that role cannot be assigned.
func grant(set rollout.ScaleSet, a answer) string {
	action, scope := strings.ToLower(a.action()), set.ID()
	switch {
	case strings.HasSuffix(action, "/read") && !strings.HasPrefix(action, "microsoft.compute/"):
		return roleAssignment(a, "Reader", a.scope(set))
	case strings.HasPrefix(action, "microsoft.compute/virtualmachines/"):
		scope = fmt.Sprintf("/subscriptions/%s/resourceGroups/%s", set.SubscriptionID, set.ResourceGroup)
	}
	return roleAssignment(a, role, scope)
}

// scope is where an answer misses a permission. Of a list Azure names the provider, to which no role can be assigned, but to what it is in.
func (a answer) scope(set rollout.ScaleSet) string {
	m := forbiddenScope.FindStringSubmatch(a.text())
	if m == nil {
		return set.ID()
	}
	return ofProvider.ReplaceAllString(m[1], "")
}

// grantLinked lets the identity read what the scale set is to use: an image in another place, mostly. A write of a load balancer asks for
// more of what its frontends use: to join it.
func grantLinked(set rollout.ScaleSet, a answer) string {
	scope := set.ID()
	if m := linkedScope.FindStringSubmatch(a.text()); m != nil {
		scope = m[1]
	}
	if strings.HasSuffix(strings.ToLower(a.action()), "/join/action") {
		return roleAssignment(a, "Network Contributor", scope)
	}
	return roleAssignment(a, "Reader", scope)
}

// listLocks shows the lock that is in the way. Whether to remove it is not ours to suggest.
func listLocks(set rollout.ScaleSet, _ answer) string {
	return fmt.Sprintf("az lock list --subscription %s --resource-group %s", rollout.ShellWord(set.SubscriptionID),
		rollout.ShellWord(set.ResourceGroup))
}

// register makes the subscription know the compute provider.
func register(set rollout.ScaleSet, _ answer) string {
	return "az provider register --namespace Microsoft.Compute --subscription " + rollout.ShellWord(set.SubscriptionID)
}

// updateOldest frees models that only a few instances hold on to. Azure does not show which have the oldest, and to name them all
// would be a rollout, so the person names them.
func updateOldest(set rollout.ScaleSet, _ answer) string {
	return "az vmss update-instances " + set.Arguments() + " --instance-ids OLDEST_INSTANCE_IDS"
}

// growDisk gives the model a disk that the image has room on.
func growDisk(set rollout.ScaleSet, a answer) string {
	size := "GIGABYTES"
	if m := imageDisk.FindStringSubmatch(a.text()); m != nil {
		size = m[1]
	}
	return "az vmss update " + set.Arguments() + " --set virtualMachineProfile.storageProfile.osDisk.diskSizeGB=" + size
}

// showImage shows the type of the image that the scale set was made from: the new image must have the same type.
func showImage(set rollout.ScaleSet, _ answer) string {
	return "az vmss show " + set.Arguments() + " --query virtualMachineProfile.storageProfile.imageReference"
}

// listSizes shows which sizes the region has for the subscription.
func listSizes(set rollout.ScaleSet, a answer) string {
	location := "LOCATION"
	if m := sizeLocation.FindStringSubmatch(a.text()); m != nil {
		location = m[1]
	}
	return fmt.Sprintf("az vm list-skus --subscription %s --location %s --resource-type virtualMachines --all --output table",
		rollout.ShellWord(set.SubscriptionID), rollout.ShellWord(location))
}

// listActivity shows what was done to the scale set, where Azure's words alone do not tell what is in the way.
func listActivity(set rollout.ScaleSet, _ answer) string {
	return "az monitor activity-log list --resource-id " + rollout.ShellWord(set.ID()) + " --offset 1h"
}

func roleAssignment(a answer, role, scope string) string {
	who := "OBJECT_ID"
	if m := objectID.FindStringSubmatch(a.text()); m != nil {
		who = m[1]
	}
	return fmt.Sprintf("az role assignment create --assignee-object-id %s --assignee-principal-type ServicePrincipal --role %s --scope %s",
		who, rollout.ShellWord(role), rollout.ShellWord(scope))
}

var (
	objectID        = regexp.MustCompile(`(?i)object id '([0-9a-f-]{36})'`)
	forbiddenAction = regexp.MustCompile(`(?i)perform action(?:\(s\))? '([A-Za-z0-9./*_-]{1,160})'`)
	missingAction   = regexp.MustCompile(`(?i)does not have permission to perform action(?:\(s\))? '([A-Za-z0-9./*_-]{1,160})'`)
	forbiddenScope  = regexp.MustCompile(`(?i)over scope '(/[A-Za-z0-9./_()-]{1,400})'`)
	imageDisk       = regexp.MustCompile(`(?i)disk in the VM image: ([0-9]{1,6}) GB`)
	sizeLocation    = regexp.MustCompile(`(?i)location '([A-Za-z0-9 -]{1,40})'`)
	ofProvider      = regexp.MustCompile(`(?i)/providers/[a-z.]+$`)
	linkedScope     = regexp.MustCompile(`(?i)linked scope(?:\(s\))? '(/[A-Za-z0-9./_()-]{1,400})'`)
)

// action names the permission that an answer misses, "" if it names none. A linked refusal first names the permission that is
// there.
func (a answer) action() string {
	for _, form := range []*regexp.Regexp{missingAction, forbiddenAction} {
		if m := form.FindStringSubmatch(a.text()); m != nil {
			return m[1]
		}
	}
	return ""
}
