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

func (s *Server) listMachines(r *request) (*response, *armError) {
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
		body = append(body, member{"nextLink", r.machinesLink(token)})
	}
	return answer(http.StatusOK, body), nil
}

// getMachine is one machine of a Flexible set by its own path.
func (s *Server) getMachine(r *request) (*response, *armError) {
	if err := s.findGroup(r); err != nil {
		return nil, err
	}
	if r.machine == nil {
		return nil, typedNotFound("Microsoft.Compute/virtualMachines", r.args["vm"], r.args["group"])
	}
	expands := strings.Contains(strings.ToLower(r.queryValue("$expand")), "instanceview")
	return answer(http.StatusOK, r.machine.look().machine(r.version, expands)), nil
}

// machines are those of Flexible sets in a subscription, or of one of them.
func (s *Server) machines(subscription, wanted string) []*instance {
	var all []*instance
	for _, set := range s.sortedSets() {
		if set.isFlexible() && strings.EqualFold(set.subscription, subscription) && matches(wanted, set.id()) {
			all = append(all, set.instances...)
		}
	}
	return all
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
func (r *request) machinesLink(token string) string {
	link := r.base + r.path + "?api-version=" + string(r.version) + "&$skiptoken=" + token
	for _, name := range []string{"$filter", "$expand"} {
		if value := r.queryValue(name); value != "" {
			link += "&" + name + "=" + strings.ReplaceAll(value, " ", "%20")
		}
	}
	return link
}

// machine is an instance as the virtual machine that it is.
func (l look) machine(version apiVersion, expands bool) members {
	properties := members{
		{"vmId", l.vmID.String()},
		{"virtualMachineScaleSet", members{{"id", l.set.id()}}},
		{"hardwareProfile", members{{"vmSize", l.state.model.size}}},
		{"storageProfile", l.storage()},
		{"provisioningState", l.state.provisioning.String()},
		{"timeCreated", armTime(l.born)},
	}
	if expands {
		properties = append(properties, member{"instanceView", l.view(version)})
	}
	m := members{{"name", l.name()}, {"id", l.machineID()}, {"type", "Microsoft.Compute/virtualMachines"}, {"location", l.set.location}}
	if l.zone != "" {
		m = append(m, member{"zones", []string{l.zone}})
	}
	return append(m, member{"properties", properties})
}
