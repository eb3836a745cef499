// Package deployments deploys templates: a part of Microsoft.Resources that writes resources of other providers.
package deployments

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/resources"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// Provider keeps the deployments of resource groups. It serves as much of templates as the Azure CLI's commands send.
type Provider struct {
	*kernel.Kernel
	*resources.Platform
	// Send answers a request about another resource, under the lock of the simulation.
	Send        func(*arm.Request) *arm.Response
	deployments map[string]*deployment // by lower-case id
}

// NewProvider is a provider without deployments.
func NewProvider(k *kernel.Kernel, p *resources.Platform, send func(*arm.Request) *arm.Response) *Provider {
	return &Provider{Kernel: k, Platform: p, Send: send, deployments: map[string]*deployment{}}
}

// deployment is one run of a template.
type deployment struct {
	provider  *Provider
	id, name  string
	operation uuid.UUID
	mode      any
	template  *template
	header    http.Header
	base      string

	state   string
	failure *arm.Error
	began   time.Time
	ended   time.Time
	outputs tree.Object
	steps   []*step
}

// step is the write of one resource.
type step struct {
	*resource
	state   string
	failure *arm.Error
	poll    string // where its operation is asked about; empty: it has ended
}

// States of deployments and of their steps, as ARM names them.
const (
	accepted  = "Accepted"
	running   = "Running"
	succeeded = "Succeeded"
	failed    = "Failed"
)

// pace is how often the resource manager looks after an operation that it waits for.
const pace = time.Second

// read makes a deployment of a request.
func (s *Provider) read(r *arm.Request) (*deployment, *arm.Error) {
	if err := s.FindGroup(r); err != nil {
		return nil, err
	}
	body, err := r.Object()
	if err != nil {
		return nil, err
	}
	group := s.Groups[resources.GroupKey(r.Args["sub"], r.Args["group"])]
	d := &deployment{
		provider: s, name: r.Args["deployment"], operation: s.GUID(), mode: tree.At(body, "properties", "mode"), state: accepted, began: s.Now,
		header: r.Header, base: r.Base,
		id: "/subscriptions/" + group.Subscription + "/resourceGroups/" + group.Name + "/providers/Microsoft.Resources/deployments/" +
			r.Args["deployment"],
	}
	d.template = &template{
		subscription: group.Subscription, group: group.Name, location: group.Location, body: tree.ObjectAt(body, "properties", "template"),
		parameters: tree.ObjectAt(body, "properties", "parameters"), read: d.get,
	}
	if err := d.plan(); err != nil {
		return nil, arm.Refuse(http.StatusBadRequest, "InvalidTemplate", "Deployment template validation failed: '%s'.", err).FromGateway()
	}
	return d, nil
}

func (d *deployment) plan() error {
	if !strings.EqualFold(fmt.Sprint(d.mode), "Incremental") {
		return fmt.Errorf("the mode '%v' is not simulated", d.mode)
	}
	if err := d.template.parse(); err != nil {
		return err
	}
	ordered, err := d.template.order()
	if err != nil {
		return err
	}
	for _, r := range ordered {
		d.steps = append(d.steps, &step{resource: r, state: accepted})
	}
	return nil
}

// request asks for a resource.
func (d *deployment) request(method, path, version string, body any) *arm.Request {
	r := &arm.Request{Method: method, Path: path, Query: url.Values{"api-version": {version}}, Header: d.header.Clone(), Base: d.base}
	r.Header.Del("If-Match")
	if body != nil {
		r.Body = tree.ToCompactJSON(body)
	}
	return r
}

func (d *deployment) get(id, version string) (tree.Object, error) {
	res := d.provider.Send(d.request(http.MethodGet, id, version, nil))
	if res.Status != http.StatusOK {
		return nil, fmt.Errorf("the resource '%s' cannot be read: %d", id, res.Status)
	}
	return tree.ParseObject(res.Bytes())
}

// advance goes on with a deployment: it writes the next resource, or looks after the operation of the last one.
func (d *deployment) advance() {
	if d.provider.Closed {
		return
	}
	d.state = running
	for _, next := range d.steps {
		if next.state == succeeded {
			continue
		}
		if next.state == accepted {
			d.write(next)
		} else {
			d.look(next)
		}
		if next.state == failed {
			d.end(d.stepFailed(next))
			return
		}
		if next.state == running {
			d.provider.After(pace, d.advance)
			return
		}
	}
	outputs, err := d.template.outputs()
	if err != nil {
		d.end(arm.Refuse(http.StatusBadRequest, "DeploymentOutputEvaluationFailed", "Unable to evaluate template outputs: '%s'.", err))
		return
	}
	d.outputs = outputs
	d.end(nil)
}

func (d *deployment) end(failure *arm.Error) {
	d.state, d.failure, d.ended = succeeded, failure, d.provider.Now
	if failure != nil {
		d.state = failed
	}
}

// stepFailed words the failure of a deployment as the resource manager does.
func (d *deployment) stepFailed(s *step) *arm.Error {
	e := arm.Refuse(http.StatusConflict, "DeploymentFailed", "At least one resource deployment operation failed. Please list deployment "+
		"operations for details. Please see https://aka.ms/arm-deployment-operations for usage details.")
	e.Details = []arm.Error{*s.failure}
	return e
}

func (d *deployment) write(s *step) {
	body, err := d.template.content(s.resource)
	if err != nil {
		s.state, s.failure = failed, arm.Refuse(http.StatusBadRequest, "InvalidTemplate", "Unable to process template language expressions "+
			"for resource '%s': '%s'.", s.id, err)
		return
	}
	res := d.provider.Send(d.request(http.MethodPut, s.id, s.version, body))
	if res.Status != http.StatusOK && res.Status != http.StatusCreated && res.Status != http.StatusAccepted {
		s.state, s.failure = failed, failureIn(res, "error")
		return
	}
	s.state, s.poll = succeeded, res.Header.Get("Azure-Asyncoperation")
	if s.poll != "" {
		s.state = running
	}
}

// look asks about the operation of a write.
func (d *deployment) look(s *step) {
	link, err := url.Parse(s.poll)
	if err != nil {
		return
	}
	r := d.request(http.MethodGet, link.Path, s.version, nil)
	r.Query = link.Query()
	res := d.provider.Send(r)
	body, err := tree.ParseObject(res.Bytes())
	switch status := tree.StringAt(body, "status"); {
	case err != nil || status == "":
		s.state, s.failure = failed, failureIn(res, "error")
	case status == succeeded:
		s.state, s.poll = succeeded, ""
	case status != "InProgress":
		s.state, s.failure = failed, failureIn(res, "error")
	}
}

// failureIn is the error that an answer tells of.
func failureIn(res *arm.Response, path ...string) *arm.Error {
	body, err := tree.ParseObject(res.Bytes())
	if code := tree.StringAt(body, append(path, "code")...); err == nil && code != "" {
		e := arm.Refuse(res.Status, code, "%s", tree.StringAt(body, append(path, "message")...))
		for _, detail := range tree.ArrayAt(body, append(path, "details")...) {
			e.Details = append(e.Details, arm.Error{Code: tree.StringAt(detail, "code"), Message: tree.StringAt(detail, "message")})
		}
		return e.About(tree.StringAt(body, append(path, "target")...))
	}
	return arm.Refuse(res.Status, "ResourceDeploymentFailure", "The resource operation completed with terminal provisioning state 'Failed'.")
}

// sorted are the deployments of a resource group, by name.
func (s *Provider) sorted(r *arm.Request) []*deployment {
	prefix := strings.ToLower("/subscriptions/" + r.Args["sub"] + "/resourceGroups/" + r.Args["group"] + "/")
	var list []*deployment
	for _, key := range slices.Sorted(maps.Keys(s.deployments)) {
		if strings.HasPrefix(key, prefix) {
			list = append(list, s.deployments[key])
		}
	}
	return list
}
