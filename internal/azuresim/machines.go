package azuresim

import (
	"encoding/base64"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// The machines of Flexible sets are ordinary virtual machines as well, and the
// cheapest way to see many of them is to list these (azure-facts §2.7).

// machinesPage is how many virtual machines a page has.
const machinesPage = 50

var machinesOfSet = regexp.MustCompile(`(?i)^'virtualMachineScaleSet/id' eq '([^']+)'$`)

func (s *virtualMachines) listMachines(r *request) (*response, *armError) {
	wanted, err := machinesWanted(r)
	if err != nil {
		return nil, err
	}
	after, err := machinesAfter(r)
	if err != nil {
		return nil, err
	}
	expands := strings.Contains(strings.ToLower(r.queryValue("$expand")), "instanceview")
	all := s.machines(r.args["sub"], wanted)
	last := min(after+machinesPage, len(all))
	list := []members{}
	for _, inst := range all[min(after, last):last] {
		list = append(list, inst.look().machine(r.version, expands))
	}
	body := members{{"value", list}}
	if last < len(all) {
		token := base64.StdEncoding.EncodeToString([]byte(strconv.Itoa(last)))
		body = append(body, member{"nextLink", machinesLink(r, token)})
	}
	return answer(http.StatusOK, body), nil
}

// getMachine is one machine of a Flexible set by its own path.
func (s *virtualMachines) getMachine(r *request) (*response, *armError) {
	if err := s.findGroup(r); err != nil {
		return nil, err
	}
	inst := s.findMachine(r)
	if inst == nil {
		return nil, typedNotFound("Microsoft.Compute/virtualMachines", r.args["vm"], r.args["group"])
	}
	expands := strings.Contains(strings.ToLower(r.queryValue("$expand")), "instanceview")
	return answer(http.StatusOK, inst.look().machine(r.version, expands)), nil
}

// machinesWanted is the scale set that a list is asked for; empty: all.
func machinesWanted(r *request) (string, *armError) {
	filter := strings.Join(strings.Fields(r.queryValue("$filter")), " ")
	if filter == "" {
		if r.queryValue("$expand") != "" {
			return "", invalidParameter("$expand", "The value '%s' of parameter '$expand' is invalid without a filter on the scale set.", r.queryValue("$expand"))
		}
		return "", nil
	}
	found := machinesOfSet.FindStringSubmatch(filter)
	if found == nil {
		return "", invalidParameter("$filter", "The value '%s' of parameter '$filter' is invalid.", filter)
	}
	return found[1], nil
}

func machinesAfter(r *request) (int, *armError) {
	token := r.queryValue("$skiptoken")
	if token == "" {
		return 0, nil
	}
	text, decodeErr := base64.StdEncoding.DecodeString(token)
	after, err := strconv.Atoi(string(text))
	if decodeErr != nil || err != nil || after < 0 {
		return 0, invalidParameter("$skiptoken", "The request URL is not valid.")
	}
	return after, nil
}

// machinesLink leads to the next page. What is in it was not always encoded
// (azure-facts §2.7); clients must take it as it comes.
func machinesLink(r *request, token string) string {
	link := r.base + r.path + "?api-version=" + string(r.version) + "&$skiptoken=" + token
	for _, name := range []string{"$filter", "$expand"} {
		if value := r.queryValue(name); value != "" {
			link += "&" + name + "=" + strings.ReplaceAll(value, " ", "%20")
		}
	}
	return link
}
