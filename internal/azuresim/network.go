package azuresim

import (
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// network is what the provider Microsoft.Network keeps.
type network struct {
	*compute
	lists     *lister
	resources map[string]*netResource // by lower-case ARM id
	subnets   map[string]int          // of private addresses, by scale set
	addresses int                     // synthetic public addresses given so far
	doors     map[string]openDoor
	moved     bool // who is behind the doors may have changed since they were looked at
}

func newNetwork(c *compute, lists *lister) *network {
	return &network{
		compute: c, lists: lists,
		resources: map[string]*netResource{}, subnets: map[string]int{}, doors: map[string]openDoor{}}
}

// netKind is a type of resources of the network provider, and what differs between these types.
type netKind struct {
	name string // as ids and types have it
	// cleaned is a body without what is the platform's, and with what the platform adds.
	cleaned func(body object) object
	// check refuses what a resource cannot be.
	check func(s *network, res *netResource, doc object) *armError
	// free refuses to delete what is in use.
	free func(s *network, res *netResource) *armError
	// properties are those of the resource, as GET shows them.
	properties func(s *network, res *netResource) members
	// applied follows a write that has ended, gone a deletion.
	applied, gone func(s *network, res *netResource)
}

func (k *netKind) typeName() string { return "Microsoft.Network/" + k.name }

// netResource is a load balancer or a public IP address.
type netResource struct {
	kind                                *netKind
	subscription, group, name, location string
	key                                 string // lower-case ARM id

	doc        object // the body, without what is the platform's
	etag, guid uuid.UUID
	operation  *longRunning // that runs; nil: none
	deleting   bool
	failed     bool        // the last operation failed
	path       trafficPath // of a load balancer: what the data path follows
	address    string      // of a public IP address
}

func (res *netResource) id() string {
	return "/subscriptions/" + res.subscription + "/resourceGroups/" + res.group + "/providers/" + res.kind.typeName() + "/" + res.name
}

// weakEtag is the etag as the network provider writes it. Parts of a resource have that of the whole.
func (res *netResource) weakEtag() string { return `W/"` + res.etag.String() + `"` }

func (res *netResource) provisioningState() string {
	switch {
	case res.deleting:
		return "Deleting"
	case res.operation != nil:
		return "Updating"
	case res.failed:
		return "Failed"
	}
	return "Succeeded"
}

// body is the resource as GET shows it.
func (s *network) netBody(res *netResource) members {
	m := members{
		{"name", res.name}, {"id", res.id()}, {"etag", res.weakEtag()}, {"type", res.kind.typeName()}, {"location", res.location},
	}
	m = append(m, ordered(res.doc, []string{"tags", "sku", "zones"}, "location", "properties")...)
	properties := members{{"provisioningState", res.provisioningState()}, {"resourceGuid", res.guid.String()}}
	return append(m, member{"properties", append(properties, res.kind.properties(s, res)...)})
}

// netKey is the key of the resource that a path names.
func (k *netKind) netKey(r *request) string {
	return strings.ToLower("/subscriptions/" + r.args["sub"] + "/resourcegroups/" + r.args["group"] + "/providers/" + k.typeName() + "/" + r.args["name"])
}

func (s *network) findNet(k *netKind, r *request) (*netResource, *armError) {
	if err := s.findGroup(r); err != nil {
		return nil, err
	}
	res := s.resources[k.netKey(r)]
	if res == nil {
		return nil, typedNotFound(k.typeName(), r.args["name"], r.args["group"])
	}
	return res, nil
}

// netOfKind are the resources of a type, by id.
func (s *network) netOfKind(k *netKind) []*netResource {
	var list []*netResource
	for _, res := range s.resources {
		if res.kind == k {
			list = append(list, res)
		}
	}
	slices.SortFunc(list, func(a, b *netResource) int { return strings.Compare(a.key, b.key) })
	return list
}

func (s *network) getNet(k *netKind) func(*request) (*response, *armError) {
	return func(r *request) (*response, *armError) {
		res, err := s.findNet(k, r)
		if err != nil {
			return nil, err
		}
		return netAnswer(http.StatusOK, s.netBody(res), res), nil
	}
}

func (s *network) listNet(k *netKind) func(*request) (*response, *armError) {
	return func(r *request) (*response, *armError) {
		if r.args["group"] != "" {
			if err := s.findGroup(r); err != nil {
				return nil, err
			}
		}
		list := []members{}
		for _, res := range s.netOfKind(k) {
			if strings.EqualFold(res.subscription, r.args["sub"]) && matches(r.args["group"], res.group) {
				list = append(list, s.netBody(res))
			}
		}
		return answer(http.StatusOK, members{{"value", list}}), nil
	}
}

// netAnswer has the etag in its header whatever the api-version, unlike the compute provider's answers.
func netAnswer(status int, body any, res *netResource) *response {
	out := answer(status, body)
	out.header.Set("Etag", res.weakEtag())
	return out
}
