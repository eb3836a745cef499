package rollout

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// ScaleSet names one scale set.
type ScaleSet struct {
	SubscriptionID string
	ResourceGroup  string
	Name           string
}

// String returns resource group and name, as people refer to it.
func (s ScaleSet) String() string { return s.ResourceGroup + "/" + s.Name }

// ID returns the ARM resource id.
func (s ScaleSet) ID() string {
	return fmt.Sprintf("/subscriptions/%s/resourceGroups/%s/providers/Microsoft.Compute/virtualMachineScaleSets/%s",
		s.SubscriptionID, s.ResourceGroup, s.Name)
}

// Arguments are those by which the Azure CLI's vmss commands name the scale set.
func (s ScaleSet) Arguments() string {
	return fmt.Sprintf("--subscription %s --resource-group %s --name %s", ShellWord(s.SubscriptionID),
		ShellWord(s.ResourceGroup), ShellWord(s.Name))
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9./_-]+$`)

// ShellWord quotes a name as one word of a shell, since a command in a message is there to be pasted.
func ShellWord(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// Accepted is Azure's answer to an accepted effect.
type Accepted struct {
	PollToken   string        // resumes polling; "": the effect was done at once
	OperationID string        // Azure's name of the operation; "": not known
	AzureTime   time.Time     // when Azure answered, by its own clock; zero: not known
	RetryAfter  time.Duration // when to poll first; 0: not known
}
