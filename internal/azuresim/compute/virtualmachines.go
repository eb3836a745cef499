package compute

import (
	"encoding/base64"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/render"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// The instances of Flexible sets are also ordinary virtual machines. To list these is the cheapest way to see many instances (docs/azure.md
// §2.7).

// virtualMachinesPage is how many virtual machines a page has.
const virtualMachinesPage = 50

var virtualMachinesOfSet = regexp.MustCompile(`(?i)^'virtualMachineScaleSet/id' eq '([^']+)'$`)

func (s *virtualMachines) listVirtualMachines(r *arm.Request) (*arm.Response, *arm.Error) {
	wanted, err := wantedSet(r)
	if err != nil {
		return nil, err
	}
	after, err := InstancesAfter(r)
	if err != nil {
		return nil, err
	}
	expands := strings.Contains(strings.ToLower(r.QueryValue("$expand")), "instanceview")
	all := s.VirtualMachines(r.Args["sub"], wanted)
	last := min(after+virtualMachinesPage, len(all))
	list := []tree.Members{}
	for _, inst := range all[min(after, last):last] {
		list = append(list, render.LookAt(inst).VirtualMachine(r.Version, expands))
	}
	body := tree.Members{{"value", list}}
	if last < len(all) {
		token := base64.StdEncoding.EncodeToString([]byte(strconv.Itoa(last)))
		body = append(body, tree.Member{"nextLink", InstancesLink(r, token)})
	}
	return arm.Answer(http.StatusOK, body), nil
}

// getVirtualMachine answers with one instance of a Flexible set by its own path.
func (s *virtualMachines) getVirtualMachine(r *arm.Request) (*arm.Response, *arm.Error) {
	if err := s.FindGroup(r); err != nil {
		return nil, err
	}
	inst := s.FindVirtualMachine(r)
	if inst == nil {
		return nil, arm.TypedNotFound("Microsoft.Compute/virtualMachines", r.Args["vm"], r.Args["group"])
	}
	expands := strings.Contains(strings.ToLower(r.QueryValue("$expand")), "instanceview")
	return arm.Answer(http.StatusOK, render.LookAt(inst).VirtualMachine(r.Version, expands)), nil
}

// wantedSet is the scale set that a list is asked for; empty: all.
func wantedSet(r *arm.Request) (string, *arm.Error) {
	filter := strings.Join(strings.Fields(r.QueryValue("$filter")), " ")
	if filter == "" {
		if r.QueryValue("$expand") != "" {
			return "", arm.InvalidParameter("$expand", "The value '%s' of parameter '$expand' is invalid without a filter on the scale set.",
				r.QueryValue("$expand"))
		}
		return "", nil
	}
	found := virtualMachinesOfSet.FindStringSubmatch(filter)
	if found == nil {
		return "", arm.InvalidParameter("$filter", "The value '%s' of parameter '$filter' is invalid.", filter)
	}
	return found[1], nil
}

// InstancesAfter returns how many instances earlier pages had.
func InstancesAfter(r *arm.Request) (int, *arm.Error) {
	token := r.QueryValue("$skiptoken")
	if token == "" {
		return 0, nil
	}
	text, decodeErr := base64.StdEncoding.DecodeString(token)
	after, err := strconv.Atoi(string(text))
	if decodeErr != nil || err != nil || after < 0 {
		return 0, arm.InvalidParameter("$skiptoken", "The request URL is not valid.")
	}
	return after, nil
}

// InstancesLink returns the link to the next page. Azure did not always encode its token (docs/azure.md §2.7); clients must use the link
// unchanged.
func InstancesLink(r *arm.Request, token string) string {
	link := r.Base + r.Path + "?api-version=" + string(r.Version) + "&$skiptoken=" + token
	for _, name := range []string{"$filter", "$expand"} {
		if value := r.QueryValue(name); value != "" {
			link += "&" + name + "=" + strings.ReplaceAll(value, " ", "%20")
		}
	}
	return link
}
