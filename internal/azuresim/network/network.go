// Package network is the provider Microsoft.Network: load balancers, addresses, network interfaces.
package network

import (
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/render"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

// Provider holds the resources of the provider Microsoft.Network.
type Provider struct {
	*dataPath
	lists *render.Lister
}

// inventory are the resources of the network provider.
type inventory struct {
	Resources map[string]*Resource // by lower-case ARM id
}

// NewProvider is a network provider without resources.
func NewProvider(c *vmss.Provider, lists *render.Lister) *Provider {
	kept := &inventory{Resources: map[string]*Resource{}}
	pools := &backendPools{Provider: c, inventory: kept, subnets: map[string]int{}}
	return &Provider{dataPath: &dataPath{backendPools: pools, Listeners: map[string]openListener{}}, lists: lists}
}

// Kind is a type of resources of the network provider, and what differs between these types.
type Kind struct {
	name string // as ids and types have it
	// cleaned returns a body without the fields that belong to the platform, and with those that the platform adds.
	cleaned func(body tree.Object) tree.Object
	// check refuses a resource that is not valid.
	check func(s *Provider, res *Resource, doc tree.Object) *arm.Error
	// free refuses to delete a resource that is in use.
	free func(s *Provider, res *Resource) *arm.Error
	// properties are those of the resource, as GET shows them.
	properties func(s *Provider, res *Resource) tree.Members
	// applied follows a write that has ended, gone follows a deletion.
	applied, gone func(s *Provider, res *Resource)
}

func (k *Kind) typeName() string { return "Microsoft.Network/" + k.name }

// Resource is a load balancer or a public IP address.
type Resource struct {
	kind                                *Kind
	subscription, group, name, location string
	key                                 string // lower-case ARM id

	Doc        tree.Object // the body, without the fields that belong to the platform
	etag, guid uuid.UUID
	Operation  *operations.Operation // that runs; nil: none
	deleting   bool
	failed     bool        // the last operation failed
	Path       trafficPath // of a load balancer: the state that the data path follows
	Address    string      // of a public IP address
}

func (res *Resource) id() string {
	return "/subscriptions/" + res.subscription + "/resourceGroups/" + res.group + "/providers/" + res.kind.typeName() + "/" + res.name
}

// weakEtag is the etag as the network provider writes it. Parts of a resource have that of the whole.
func (res *Resource) weakEtag() string { return `W/"` + res.etag.String() + `"` }

func (res *Resource) provisioningState() string {
	switch {
	case res.deleting:
		return "Deleting"
	case res.Operation != nil:
		return "Updating"
	case res.failed:
		return "Failed"
	}
	return "Succeeded"
}

// NetBody is the resource as GET shows it.
func (s *Provider) NetBody(res *Resource) tree.Members {
	m := tree.Members{
		{"name", res.name}, {"id", res.id()}, {"etag", res.weakEtag()}, {"type", res.kind.typeName()}, {"location", res.location},
	}
	m = append(m, tree.Ordered(res.Doc, []string{"tags", "sku", "zones"}, "location", "properties")...)
	properties := tree.Members{{"provisioningState", res.provisioningState()}, {"resourceGuid", res.guid.String()}}
	return append(m, tree.Member{"properties", append(properties, res.kind.properties(s, res)...)})
}

// netKey is the key of the resource that a path names.
func (k *Kind) netKey(r *arm.Request) string {
	return strings.ToLower("/subscriptions/" + r.Args["sub"] + "/resourcegroups/" + r.Args["group"] + "/providers/" + k.typeName() + "/" +
		r.Args["name"])
}

func (s *Provider) findNet(k *Kind, r *arm.Request) (*Resource, *arm.Error) {
	if err := s.FindGroup(r); err != nil {
		return nil, err
	}
	res := s.Resources[k.netKey(r)]
	if res == nil {
		return nil, arm.TypedNotFound(k.typeName(), r.Args["name"], r.Args["group"])
	}
	return res, nil
}

// NetOfKind are the resources of a type, by id.
func (s *inventory) NetOfKind(k *Kind) []*Resource {
	var list []*Resource
	for _, res := range s.Resources {
		if res.kind == k {
			list = append(list, res)
		}
	}
	slices.SortFunc(list, func(a, b *Resource) int { return strings.Compare(a.key, b.key) })
	return list
}

func (s *Provider) getNet(k *Kind) func(*arm.Request) (*arm.Response, *arm.Error) {
	return func(r *arm.Request) (*arm.Response, *arm.Error) {
		res, err := s.findNet(k, r)
		if err != nil {
			return nil, err
		}
		return netAnswer(http.StatusOK, s.NetBody(res), res), nil
	}
}

func (s *Provider) listNet(k *Kind) func(*arm.Request) (*arm.Response, *arm.Error) {
	return func(r *arm.Request) (*arm.Response, *arm.Error) {
		if r.Args["group"] != "" {
			if err := s.FindGroup(r); err != nil {
				return nil, err
			}
		}
		list := []tree.Members{}
		for _, res := range s.NetOfKind(k) {
			if strings.EqualFold(res.subscription, r.Args["sub"]) && arm.Matches(r.Args["group"], res.group) {
				list = append(list, s.NetBody(res))
			}
		}
		return arm.Answer(http.StatusOK, tree.Members{{"value", list}}), nil
	}
}

// netAnswer has the etag in its header whatever the api-version, unlike the compute provider's answers.
func netAnswer(status int, body any, res *Resource) *arm.Response {
	out := arm.Answer(status, body)
	out.Header.Set("Etag", res.weakEtag())
	return out
}
