package azure

import (
	"fmt"
	"regexp"

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

// aboutScripts is what a text has that may quote what a script printed.
var aboutScripts = regexp.MustCompile(`(?i)extension|script|\[std|stderr|command`)

// complains is what is shown of a failed instance. What a script printed is not shown where not all secrets are known that it may have
// printed; then the command that shows it is.
func (x *call) complains(i rollout.Instance, c complaint) string {
	if c.text == "" {
		return ""
	}
	r := x.redactor()
	doing := ""
	if c.extension != "" {
		doing = "extension " + clean(c.extension, 80, r) + " failed: "
	}
	why := c.withheld(r, i.Latest != rollout.True || i.State == rollout.StateUpdating)
	if why == "" {
		return doing + failure(c.text, failureLimit-len(doing), r)
	}
	if status := exitStatus.FindString(c.text); status != "" {
		doing += status + "; "
	}
	return doing + "what it printed is not shown: " + why + "; " + toSee(x.set, i.ID)
}

// withheld says why the complaint is not to be shown; "": it is.
func (c complaint) withheld(r *redact.Redactor, outdated bool) string {
	switch {
	case r == nil || c.extension == "" && harmless.MatchString(c.code):
		return ""
	case r.Blind != "":
		return r.Blind
	case !c.script && !aboutScripts.MatchString(c.text):
		return ""
	case outdated && r.BlindOutdated != "":
		return r.BlindOutdated
	default:
		return r.BlindScripts
	}
}

// ofScript is what is shown of Azure's words about an operation. They quote what scripts printed, and what was written.
func (x *call) ofScript(a answer, limit int) string {
	r, text := x.redactor(), a.text()
	if r == nil || harmless.MatchString(a.Code) {
		return failure(text, limit, r)
	}
	why := r.Blind
	if why == "" && aboutScripts.MatchString(text) {
		why = r.BlindScripts
	}
	if why != "" {
		return "what Azure says of it is not shown: " + why + "; " + toSee(x.set, "")
	}
	return failure(text, limit, r)
}

// toSee is how a person who may see it sees what is not shown here. Of a Flexible set, an instance is a machine of its own.
func toSee(set rollout.ScaleSet, id string) string {
	switch {
	case id == "":
		return fmt.Sprintf("to see it: az vmss list-instances -g %s -n %s --expand instanceView --query '[].instanceView.extensions'",
			set.ResourceGroup, set.Name)
	case isNumber(id):
		return fmt.Sprintf("to see it: az vmss get-instance-view -g %s -n %s --instance-id %s", set.ResourceGroup, set.Name, id)
	default:
		return fmt.Sprintf("to see it: az vm get-instance-view -g %s -n %s", set.ResourceGroup, id)
	}
}
