package monitor

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/throttle/ratelimit"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
)

const (
	autoscaleType    = "Microsoft.Insights/autoscaleSettings"
	inAutoscale      = "/providers/microsoft.insights/autoscalesettings"
	autoscaleSetting = arm.GroupPath + inAutoscale + "/{setting}"
)

// autoscale is an autoscale setting. It is kept as it was written and scales nothing.
type autoscale struct {
	subscription, group, name string
	doc                       tree.Object
}

// autoscaleRoutes are the operations on autoscale settings.
func (s *Provider) autoscaleRoutes() []*arm.Route {
	const action = autoscaleType + "/"
	return []*arm.Route{
		arm.NewRoute("GET", arm.SubscriptionPath+inAutoscale, "AutoscaleSettings.ListAll", action+"read", ratelimit.Unlimited, s.listAutoscale),
		arm.NewRoute("GET", arm.GroupPath+inAutoscale, "AutoscaleSettings.List", action+"read", ratelimit.Unlimited, s.listAutoscale),
		arm.NewRoute("GET", autoscaleSetting, "AutoscaleSettings.Get", action+"read", ratelimit.Unlimited, s.getAutoscale),
		arm.NewRoute("PUT", autoscaleSetting, "AutoscaleSettings.CreateOrUpdate", action+"write", ratelimit.Unlimited, s.putAutoscale),
		arm.NewRoute("DELETE", autoscaleSetting, "AutoscaleSettings.Delete", action+"delete", ratelimit.Unlimited, s.deleteAutoscale),
	}
}

func autoscaleKey(r *arm.Request) string {
	return strings.ToLower(r.Args["sub"] + "/" + r.Args["group"] + "/" + r.Args["setting"])
}

func (s *Provider) listAutoscale(r *arm.Request) (*arm.Response, *arm.Error) {
	if r.Args["group"] != "" {
		if err := s.FindGroup(r); err != nil {
			return nil, err
		}
	}
	list := []tree.Members{}
	for _, key := range slices.Sorted(maps.Keys(s.autoscale)) {
		a := s.autoscale[key]
		if strings.EqualFold(a.subscription, r.Args["sub"]) && arm.Matches(r.Args["group"], a.group) {
			list = append(list, a.body())
		}
	}
	return arm.Answer(http.StatusOK, tree.Members{{"value", list}}), nil
}

func (s *Provider) getAutoscale(r *arm.Request) (*arm.Response, *arm.Error) {
	if err := s.FindGroup(r); err != nil {
		return nil, err
	}
	a := s.autoscale[autoscaleKey(r)]
	if a == nil {
		return nil, arm.TypedNotFound(autoscaleType, r.Args["setting"], r.Args["group"])
	}
	return arm.Answer(http.StatusOK, a.body()), nil
}

// putAutoscale replaces a setting whole.
func (s *Provider) putAutoscale(r *arm.Request) (*arm.Response, *arm.Error) {
	if err := s.FindGroup(r); err != nil {
		return nil, err
	}
	doc, err := r.Object()
	if err != nil {
		return nil, err
	}
	switch {
	case tree.StringAt(doc, "location") == "":
		return nil, arm.Refuse(http.StatusBadRequest, "LocationRequired",
			"The location property is required for this definition.").FromGateway()
	case !tree.IsObjects(tree.At(doc, "properties", "profiles")) || len(tree.ArrayAt(doc, "properties", "profiles")) == 0:
		return nil, arm.Refuse(http.StatusBadRequest, "BadRequest", "The setting '%s' has no profiles.", r.Args["setting"])
	}
	status := http.StatusOK
	if s.autoscale[autoscaleKey(r)] == nil {
		status = http.StatusCreated
	}
	a := &autoscale{r.Args["sub"], r.Args["group"], r.Args["setting"], tree.Without(doc, vmprofile.ReadOnly...)}
	s.autoscale[autoscaleKey(r)] = a
	return arm.Answer(status, a.body()), nil
}

func (s *Provider) deleteAutoscale(r *arm.Request) (*arm.Response, *arm.Error) {
	if err := s.FindGroup(r); err != nil {
		return nil, err
	}
	status := http.StatusOK
	if s.autoscale[autoscaleKey(r)] == nil {
		status = http.StatusNoContent
	}
	delete(s.autoscale, autoscaleKey(r))
	return arm.Answer(status, nil), nil
}

// body is a setting as ARM shows it.
func (a *autoscale) body() tree.Members {
	id := "/subscriptions/" + a.subscription + "/resourceGroups/" + a.group + "/providers/" + autoscaleType + "/" + a.name
	return append(tree.Members{{"id", id}, {"name", a.name}, {"type", autoscaleType}}, tree.Ordered(a.doc, nil)...)
}
