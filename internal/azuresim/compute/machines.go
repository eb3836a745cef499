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

// The machines of Flexible sets are ordinary virtual machines as well, and the
// cheapest way to see many of them is to list these (docs/azure.md §2.7).

// machinesPage is how many virtual machines a page has.
const machinesPage = 50

var machinesOfSet = regexp.MustCompile(`(?i)^'virtualMachineScaleSet/id' eq '([^']+)'$`)

func (s *virtualMachines) listMachines(r *arm.Request) (*arm.Response, *arm.Error) {
	wanted, err := machinesWanted(r)
	if err != nil {
		return nil, err
	}
	after, err := MachinesAfter(r)
	if err != nil {
		return nil, err
	}
	expands := strings.Contains(strings.ToLower(r.QueryValue("$expand")), "instanceview")
	all := s.Machines(r.Args["sub"], wanted)
	last := min(after+machinesPage, len(all))
	list := []tree.Members{}
	for _, inst := range all[min(after, last):last] {
		list = append(list, render.LookAt(inst).Machine(r.Version, expands))
	}
	body := tree.Members{{"value", list}}
	if last < len(all) {
		token := base64.StdEncoding.EncodeToString([]byte(strconv.Itoa(last)))
		body = append(body, tree.Member{"nextLink", MachinesLink(r, token)})
	}
	return arm.Answer(http.StatusOK, body), nil
}

// getMachine is one machine of a Flexible set by its own path.
func (s *virtualMachines) getMachine(r *arm.Request) (*arm.Response, *arm.Error) {
	if err := s.FindGroup(r); err != nil {
		return nil, err
	}
	inst := s.FindMachine(r)
	if inst == nil {
		return nil, arm.TypedNotFound("Microsoft.Compute/virtualMachines", r.Args["vm"], r.Args["group"])
	}
	expands := strings.Contains(strings.ToLower(r.QueryValue("$expand")), "instanceview")
	return arm.Answer(http.StatusOK, render.LookAt(inst).Machine(r.Version, expands)), nil
}

// machinesWanted is the scale set that a list is asked for; empty: all.
func machinesWanted(r *arm.Request) (string, *arm.Error) {
	filter := strings.Join(strings.Fields(r.QueryValue("$filter")), " ")
	if filter == "" {
		if r.QueryValue("$expand") != "" {
			return "", arm.InvalidParameter("$expand", "The value '%s' of parameter '$expand' is invalid without a filter on the scale set.",
				r.QueryValue("$expand"))
		}
		return "", nil
	}
	found := machinesOfSet.FindStringSubmatch(filter)
	if found == nil {
		return "", arm.InvalidParameter("$filter", "The value '%s' of parameter '$filter' is invalid.", filter)
	}
	return found[1], nil
}

// MachinesAfter is how many machines earlier pages had.
func MachinesAfter(r *arm.Request) (int, *arm.Error) {
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

// MachinesLink leads to the next page. What is in it was not always encoded
// (docs/azure.md §2.7); clients must take it as it comes.
func MachinesLink(r *arm.Request, token string) string {
	link := r.Base + r.Path + "?api-version=" + string(r.Version) + "&$skiptoken=" + token
	for _, name := range []string{"$filter", "$expand"} {
		if value := r.QueryValue(name); value != "" {
			link += "&" + name + "=" + strings.ReplaceAll(value, " ", "%20")
		}
	}
	return link
}
