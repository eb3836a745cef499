package deployments

import (
	"net/http"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/throttle/ratelimit"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

const (
	deploymentsPath = arm.GroupPath + "/providers/microsoft.resources/deployments"
	deploymentPath  = deploymentsPath + "/{deployment}"
	action          = "Microsoft.Resources/deployments/"
)

// Routes are the operations on deployments.
func (s *Provider) Routes() []*arm.Route {
	poll := arm.NewRoute("GET", deploymentPath+"/operationstatuses/{operation}", "Deployments.Status", action+"operationstatuses/read",
		ratelimit.Unlimited, s.on(s.status))
	poll.Kind = arm.KindPoll
	return []*arm.Route{
		arm.NewRoute("GET", deploymentsPath, "Deployments.List", action+"read", ratelimit.Unlimited, s.list),
		arm.NewRoute("GET", deploymentPath, "Deployments.Get", action+"read", ratelimit.Unlimited, s.on(s.show)),
		arm.NewRoute("HEAD", deploymentPath, "Deployments.CheckExistence", action+"read", ratelimit.Unlimited, s.exists),
		arm.NewRoute("PUT", deploymentPath, "Deployments.CreateOrUpdate", action+"write", ratelimit.Unlimited, s.put),
		arm.NewRoute("DELETE", deploymentPath, "Deployments.Delete", action+"delete", ratelimit.Unlimited, s.remove),
		arm.NewRoute("POST", deploymentPath+"/validate", "Deployments.Validate", action+"validate/action", ratelimit.Unlimited, s.validate),
		arm.NewRoute("GET", deploymentPath+"/operations", "DeploymentOperations.List", action+"operations/read", ratelimit.Unlimited,
			s.on(s.operations)),
		poll,
	}
}

// on answers by the deployment that a path names.
func (s *Provider) on(answer func(*deployment) (*arm.Response, *arm.Error)) func(*arm.Request) (*arm.Response, *arm.Error) {
	return func(r *arm.Request) (*arm.Response, *arm.Error) {
		if err := s.FindGroup(r); err != nil {
			return nil, err
		}
		d := s.find(r)
		if d == nil {
			return nil, arm.Refuse(http.StatusNotFound, "DeploymentNotFound", "Deployment '%s' could not be found.",
				r.Args["deployment"]).FromGateway()
		}
		return answer(d)
	}
}

func (s *Provider) find(r *arm.Request) *deployment {
	return s.deployments[strings.ToLower("/subscriptions/"+r.Args["sub"]+"/resourceGroups/"+r.Args["group"]+
		"/providers/Microsoft.Resources/deployments/"+r.Args["deployment"])]
}

func (s *Provider) put(r *arm.Request) (*arm.Response, *arm.Error) {
	d, err := s.read(r)
	if err != nil {
		return nil, err
	}
	status := http.StatusCreated
	if earlier := s.find(r); earlier != nil {
		if status = http.StatusOK; earlier.ended.IsZero() {
			return nil, arm.Refuse(http.StatusConflict, "DeploymentActive", "Unable to edit or replace deployment '%s': previous deployment "+
				"from '%s' is still active.", d.name, arm.FormatTime(earlier.began)).FromGateway()
		}
	}
	s.deployments[strings.ToLower(d.id)] = d
	res := arm.Answer(status, d.body())
	res.Header.Set("Azure-Asyncoperation", r.Base+d.id+"/operationStatuses/"+d.operation.String()+"?api-version="+string(r.Version))
	s.After(0, d.advance)
	return res, nil
}

// validate answers at once. It does not ask the providers what they would say.
func (s *Provider) validate(r *arm.Request) (*arm.Response, *arm.Error) {
	d, err := s.read(r)
	if err != nil {
		return nil, err
	}
	d.template.read = func(string, string) (tree.Object, error) { return tree.Object{}, nil } // nothing is there yet
	for _, step := range d.steps {
		if _, err := d.template.content(step.resource); err != nil {
			return nil, arm.Refuse(http.StatusBadRequest, "InvalidTemplate", "Deployment template validation failed: '%s'.", err).FromGateway()
		}
		step.state = succeeded
	}
	d.state = succeeded
	return arm.Answer(http.StatusOK, d.body()), nil
}

func (s *Provider) list(r *arm.Request) (*arm.Response, *arm.Error) {
	if err := s.FindGroup(r); err != nil {
		return nil, err
	}
	list := []tree.Members{}
	for _, d := range s.sorted(r) {
		list = append(list, d.body())
	}
	return arm.Answer(http.StatusOK, tree.Members{{"value", list}}), nil
}

func (s *Provider) show(d *deployment) (*arm.Response, *arm.Error) {
	return arm.Answer(http.StatusOK, d.body()), nil
}

// exists answers without a body, as to every HEAD.
func (s *Provider) exists(r *arm.Request) (*arm.Response, *arm.Error) {
	if s.find(r) == nil {
		return arm.Answer(http.StatusNotFound, nil), nil
	}
	return arm.Answer(http.StatusNoContent, nil), nil
}

// remove forgets a deployment; what it wrote stays.
func (s *Provider) remove(r *arm.Request) (*arm.Response, *arm.Error) {
	if d := s.find(r); d != nil {
		delete(s.deployments, strings.ToLower(d.id))
	}
	return arm.Answer(http.StatusNoContent, nil), nil
}

func (s *Provider) status(d *deployment) (*arm.Response, *arm.Error) {
	m := tree.Members{{"status", d.state}}
	if d.failure != nil {
		m = append(m, tree.Member{"error", d.failure.Tree()})
	}
	res := arm.Answer(http.StatusOK, m)
	if d.ended.IsZero() {
		res.Header.Set("Retry-After", "1")
	}
	return res, nil
}

// body is a deployment as answers show it. Values of secure parameters are never shown.
func (d *deployment) body() tree.Members {
	properties := tree.Members{{"mode", "Incremental"}, {"provisioningState", d.state}, {"parameters", d.shownParameters()},
		{"timestamp", arm.FormatTime(d.began)}, {"correlationId", d.operation.String()}}
	if d.outputs != nil {
		properties = append(properties, tree.Member{"outputs", d.outputs})
	}
	if d.failure != nil {
		properties = append(properties, tree.Member{"error", d.failure.Tree()})
	}
	written := []any{}
	for _, s := range d.steps {
		if s.state == succeeded {
			written = append(written, tree.Object{"id": s.id})
		}
	}
	return tree.Members{{"id", d.id}, {"name", d.name}, {"type", "Microsoft.Resources/deployments"},
		{"properties", append(properties, tree.Member{"outputResources", written})}}
}

func (d *deployment) shownParameters() tree.Object {
	shown := tree.Object{}
	for name, given := range d.template.parameters {
		kind := tree.StringAt(member(tree.ObjectAt(d.template.body, "parameters"), name), "type")
		shown[name] = tree.Object{"type": kind, "value": tree.At(given, "value")}
		if strings.HasPrefix(strings.ToLower(kind), "secure") {
			shown[name] = tree.Object{"type": kind}
		}
	}
	return shown
}

func (s *Provider) operations(d *deployment) (*arm.Response, *arm.Error) {
	list := []tree.Members{}
	for _, step := range d.steps {
		if step.state == accepted {
			continue
		}
		properties := tree.Members{{"provisioningOperation", "Create"}, {"provisioningState", step.state},
			{"timestamp", arm.FormatTime(d.began)}, {"targetResource", tree.Members{{"id", step.id}, {"resourceType", step.kind},
				{"resourceName", step.name}}}}
		if step.failure != nil {
			properties = append(properties, tree.Member{"statusMessage", tree.Members{{"error", step.failure.Tree()}}})
		}
		list = append(list, tree.Members{{"id", d.id + "/operations/" + step.name}, {"operationId", step.name}, {"properties", properties}})
	}
	return arm.Answer(http.StatusOK, tree.Members{{"value", list}}), nil
}
