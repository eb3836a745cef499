package nodes

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Role is the ClusterRole that draining needs. It is bound to nobody until somebody wants nodes drained.
const Role = "vmssrollout-node-drainer"

const bindRole = "kubectl create clusterrolebinding " + Role + " --clusterrole=" +
	Role + " --serviceaccount=vmss-rollouts-system:controller-manager"

// denial is how an API server words that somebody lacks a right. The drain package passes errors on as text, so it is told by that; what an
// admission webhook forbids, which may pass, reads differently.
var denial = regexp.MustCompile(`is forbidden: User ".*" cannot [a-z]+ resource "`)

// trouble is the state that an error leads to. Only a missing right is not mended by trying again.
func trouble(err error) rollout.NodeState {
	text := err.Error()
	if !denial.MatchString(text) {
		return rollout.NodeState{Message: clip(text, mostMessage)}
	}
	return rollout.NodeState{
		Failed: true, Message: fmt.Sprintf("the controller lacks a right: %s: %s", clip(text, mostMessage-len(bindRole)), bindRole),
	}
}

// The words of kubectl for pods that it does not let go, and ours for what lets them.
var (
	unmanaged = "use --force to override"
	localData = "use --delete-emptydir-data to override"
	orphan    = regexp.MustCompile(`daemonsets\.apps "[^"]*" not found`)
	mends     = strings.NewReplacer(unmanaged, "spec.drain.force lets them go", localData, "spec.drain.deleteEmptyDirData lets them go")
)

// refusal is the state that pods lead to which the policy does not let go. False: the errors are not about that.
func refusal(errs []error) (rollout.NodeState, bool) {
	var said []string
	for _, err := range errs {
		text := err.Error()
		switch {
		case strings.Contains(text, unmanaged), strings.Contains(text, localData):
			said = append(said, clip(mends.Replace(text), mostMessage/2))
		case orphan.MatchString(text):
			said = append(said, clip(text, mostMessage/2)+" (spec.drain.force lets it go)")
		}
	}
	slices.Sort(said)
	return rollout.NodeState{Failed: true, Message: strings.Join(said, "; ")}, len(said) > 0
}
