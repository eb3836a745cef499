package nodes

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Role is the ClusterRole that draining needs. It is bound to no account until a user wants nodes drained.
const Role = "vmssrollout-node-drainer"

const bindRole = "kubectl create clusterrolebinding " + Role + " --clusterrole=" +
	Role + " --serviceaccount=vmss-rollouts-system:controller-manager"

// denial matches an API server's message about a missing right. The drain package passes errors on as text, so only the text tells them
// apart. The message of an admission webhook that forbids, which may pass, reads differently.
var denial = regexp.MustCompile(`is forbidden: User ".*" cannot [a-z]+ resource "`)

// trouble returns the state that an error leads to. Only a missing right is not fixed by trying again.
func trouble(err error) rollout.NodeState {
	text := err.Error()
	if !denial.MatchString(text) {
		return rollout.NodeState{Message: clip(text, maxMessage)}
	}
	return rollout.NodeState{
		Failed: true, Message: fmt.Sprintf("the controller lacks a right: %s: %s", clip(text, maxMessage-len(bindRole)), bindRole),
	}
}

// The words of kubectl for pods that it does not evict, and ours for the field that allows it.
var (
	unmanaged = "use --force to override"
	localData = "use --delete-emptydir-data to override"
	orphan    = regexp.MustCompile(`daemonsets\.apps "[^"]*" not found`)
	fixes     = strings.NewReplacer(unmanaged, "spec.drain.force lets them go", localData, "spec.drain.deleteEmptyDirData lets them go")
)

// evictionError returns the state that follows from pods which the policy does not allow to be evicted. False: the errors are not about
// that.
func evictionError(errs []error) (rollout.NodeState, bool) {
	var said []string
	for _, err := range errs {
		text := err.Error()
		switch {
		case strings.Contains(text, unmanaged), strings.Contains(text, localData):
			said = append(said, clip(fixes.Replace(text), maxMessage/2))
		case orphan.MatchString(text):
			said = append(said, clip(text, maxMessage/2)+" (spec.drain.force lets it go)")
		}
	}
	slices.Sort(said)
	return rollout.NodeState{Failed: true, Message: strings.Join(said, "; ")}, len(said) > 0
}
