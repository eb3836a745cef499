package compute

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/render"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

// The instances of Flexible sets are also ordinary virtual machines. To list these is the cheapest way to see many instances (docs/azure.md
// §2.7).

// virtualMachinesPage is how many virtual machines a page has.
const virtualMachinesPage = 50

// listVirtualMachines lists the virtual machines of a subscription, or of a resource group, or of a scale set there.
func (s *virtualMachines) listVirtualMachines(r *arm.Request) (*arm.Response, *arm.Error) {
	wanted, err := vmss.WantedSet(r)
	if err == nil && r.Args["group"] != "" {
		err = s.FindGroup(r)
	}
	if err != nil {
		return nil, err
	}
	after, err := InstancesAfter(r)
	if err != nil {
		return nil, err
	}
	look := render.VirtualMachineLook{Version: r.Version, Expands: expandsView(r), Lists: true}
	all := s.lists.VirtualMachines(r, s.VirtualMachines(r.Args["sub"], wanted))
	last := min(after+virtualMachinesPage, len(all))
	list := []tree.Members{}
	for _, shown := range all[min(after, last):last] {
		list = append(list, shown.VirtualMachine(look))
	}
	body := tree.Members{{"value", list}}
	if last < len(all) {
		token := base64.StdEncoding.EncodeToString([]byte(strconv.Itoa(last)))
		body = append(body, tree.Member{"nextLink", InstancesLink(r, token)})
	}
	return arm.Answer(http.StatusOK, body), nil
}

func expandsView(r *arm.Request) bool {
	return strings.Contains(strings.ToLower(r.QueryValue("$expand")), "instanceview")
}

// on answers by one instance of a Flexible set that the request names by its own path.
func (s *virtualMachines) on(answer func(*arm.Request, *vmss.Instance) (*arm.Response, *arm.Error)) func(*arm.Request) (*arm.Response,
	*arm.Error) {
	return func(r *arm.Request) (*arm.Response, *arm.Error) {
		if err := s.FindGroup(r); err != nil {
			return nil, err
		}
		inst := s.FindVirtualMachine(r)
		if inst == nil {
			return nil, arm.TypedNotFound("Microsoft.Compute/virtualMachines", r.Args["vm"], r.Args["group"])
		}
		return answer(r, inst)
	}
}

// get shows the ETag in a header only where no view is shown (azure-cli-2025-02__test_vmss_simple_orchestration_mode:10-11).
func (s *virtualMachines) get(r *arm.Request, inst *vmss.Instance) (*arm.Response, *arm.Error) {
	look := render.VirtualMachineLook{Version: r.Version, Expands: expandsView(r)}
	res := arm.Answer(http.StatusOK, s.lists.Lag(r, inst).VirtualMachine(look))
	if !look.Expands {
		res.Etag = inst.QuotedEtag()
	}
	return res, nil
}

func (s *virtualMachines) view(r *arm.Request, inst *vmss.Instance) (*arm.Response, *arm.Error) {
	return arm.Answer(http.StatusOK, s.lists.Lag(r, inst).View(r.Version)), nil
}

func (s *virtualMachines) delete(r *arm.Request, inst *vmss.Instance) (*arm.Response, *arm.Error) {
	return s.Accepted(r, inst.Set.DeleteSome([]*vmss.Instance{inst}, r.Route.Name).Operation), nil
}

func (s *virtualMachines) extensions(_ *arm.Request, inst *vmss.Instance) (*arm.Response, *arm.Error) {
	return arm.Answer(http.StatusOK, tree.Members{{"value", render.LookAt(inst).Resources()}}), nil
}

func (s *virtualMachines) extension(r *arm.Request, inst *vmss.Instance) (*arm.Response, *arm.Error) {
	e := inst.Model.Extension(r.Args["extension"])
	if e == nil {
		return nil, arm.EntityNotFound()
	}
	return arm.Answer(http.StatusOK, render.LookAt(inst).ExtensionBody(e)), nil
}

// act handles an action of the virtual machine itself, which the scale set's protection does not stop.
func (s *virtualMachines) act(verb string) func(*arm.Request, *vmss.Instance) (*arm.Response, *arm.Error) {
	return func(r *arm.Request, inst *vmss.Instance) (*arm.Response, *arm.Error) {
		if inst.Provisioning == vmss.Deleting {
			return nil, s.Conflict()
		}
		acting := &instances{s.Provider, s.lists}
		return acting.act(r, inst.Set, []*vmss.Instance{inst}, verb, false)
	}
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
