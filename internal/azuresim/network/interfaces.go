package network

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/compute"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// The network interfaces of instances in Flexible sets are resources of their own, as the instances are.

// interfaces serves the network interfaces of instances, and the addresses of these.
type interfaces struct{ *Provider }

func (s *interfaces) listInterfaces(r *arm.Request) (*arm.Response, *arm.Error) {
	if r.Args["group"] != "" {
		if err := s.FindGroup(r); err != nil {
			return nil, err
		}
	}
	after, err := compute.InstancesAfter(r)
	if err != nil {
		return nil, err
	}
	all := s.bodies(r)
	last := min(after+s.lists.PageSize, len(all))
	body := tree.Members{{"value", all[min(after, last):last]}}
	if last < len(all) {
		body = append(body, tree.Member{"nextLink", compute.InstancesLink(r, base64.StdEncoding.EncodeToString([]byte(strconv.Itoa(last))))})
	}
	return arm.Answer(http.StatusOK, body), nil
}

// bodies are of those in the subscription, or the group, that a path names.
func (s *interfaces) bodies(r *arm.Request) []tree.Members {
	list := []tree.Members{}
	for _, inst := range s.VirtualMachines(r.Args["sub"], "") {
		if arm.Matches(r.Args["group"], inst.Set.Group) {
			list = append(list, s.nics(inst)...)
		}
	}
	return list
}

func (s *interfaces) getOneInterface(r *arm.Request) (*arm.Response, *arm.Error) {
	if err := s.FindGroup(r); err != nil {
		return nil, err
	}
	for _, nic := range s.bodies(r) {
		if strings.EqualFold(nic.Text(0), r.Args["nic"]) {
			return arm.Answer(http.StatusOK, nic), nil
		}
	}
	return nil, arm.TypedNotFound("Microsoft.Network/networkInterfaces", r.Args["nic"], r.Args["group"])
}
