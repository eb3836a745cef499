package arm

import (
	"fmt"
	"regexp"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/message"
	"github.com/vmss-rollouts/vmss-rollouts/internal/redact"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// exitStatus is all that is told of a failed script whose secrets are not known.
var exitStatus = regexp.MustCompile(`(?i)\bexit (?:status|code)\s*[=:]?\s*-?[0-9]{1,10}\b`)

// harmless are codes of errors that are about capacity, quota and turns: their words quote no script.
var harmless = regexp.MustCompile(
	`(?i)^(?:(?:zonal)?allocationfailed|overconstrained\w*|sku\w*|quotaexceeded|operationnotallowed|operationpreempted|toomanyrequests|` +
		`conflictingconcurrentwritenotallowed|networkinginternaloperationerror|` +
		`(?:platform|gallery|sharedgallery|communitygallery)?imagenotfound)$`)

// aboutScripts matches texts that may quote the output of a script.
var aboutScripts = regexp.MustCompile(`(?i)extension|script|\[std|stderr|command`)

// Failure is the platform's report of the failure of an instance.
type Failure struct {
	// Extension is the name of the one that failed; "": the instance did.
	Extension string
	// RunsScript is set for an extension that runs a script.
	RunsScript bool
	// Code is Azure's, of the instance's failure.
	Code string
	// Text is the platform's message.
	Text string
}

// FailureMessage returns the message that is shown for a failed instance. The output of a script is not shown where not all secrets that it
// may contain are known; then the message has the command that shows it.
func (x *Call) FailureMessage(i rollout.Instance, f Failure) string {
	if f.Text == "" {
		return ""
	}
	r := x.Redactor()
	doing := ""
	if f.Extension != "" {
		doing = "extension " + message.Clean(f.Extension, 80, r) + " failed: "
	}
	why := f.withheld(r, i.Latest != rollout.True || i.State == rollout.StateUpdating)
	if why == "" {
		return doing + message.Failure(f.Text, message.FailureLimit-len(doing), r)
	}
	if status := exitStatus.FindString(f.Text); status != "" {
		doing += status + "; "
	}
	return doing + "what it printed is not shown: " + why + "; " + toSee(x.Set, i.ID)
}

// withheld says why the failure is not to be shown; "": it is.
func (f Failure) withheld(r *redact.Redactor, outdated bool) string {
	switch {
	case r == nil || f.Extension == "" && harmless.MatchString(f.Code):
		return ""
	case r.Blind != "":
		return r.Blind
	case !f.RunsScript && !aboutScripts.MatchString(f.Text):
		return ""
	case outdated && r.BlindOutdated != "":
		return r.BlindOutdated
	default:
		return r.BlindScripts
	}
}

// ofScript returns the part of Azure's text about an operation that may be shown. Such a text quotes the output of scripts, and settings
// that were written.
func (x *Call) ofScript(a answer, limit int) string {
	r, text := x.Redactor(), a.text()
	if r == nil || harmless.MatchString(a.Code) {
		return message.Failure(text, limit, r)
	}
	why := r.Blind
	if why == "" && aboutScripts.MatchString(text) {
		why = r.BlindScripts
	}
	if why != "" {
		return "what Azure says of it is not shown: " + why + "; " + toSee(x.Set, "")
	}
	return message.Failure(text, limit, r)
}

// toSee is how a person who may see it sees what is not shown here. Of a Flexible set, an instance is a virtual machine of its own.
func toSee(set rollout.ScaleSet, id string) string {
	switch {
	case id == "":
		return fmt.Sprintf("to see it: az vmss list-instances -g %s -n %s --expand instanceView --query '[].instanceView.extensions'",
			set.ResourceGroup, set.Name)
	case OrchestrationOf(id) == rollout.OrchestrationUniform:
		return fmt.Sprintf("to see it: az vmss get-instance-view -g %s -n %s --instance-id %s", set.ResourceGroup, set.Name, id)
	default:
		return fmt.Sprintf("to see it: az vm get-instance-view -g %s -n %s", set.ResourceGroup, id)
	}
}
