package network

import (
	"net/http"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// findChild is the part of a load balancer that a path names.
func (s *Provider) findChild(r *arm.Request, kind string) (*Resource, tree.Object, *arm.Error) {
	res, err := s.findNet(LoadBalancers, r)
	if err != nil {
		return nil, nil, err
	}
	for _, child := range s.shownChildren(res, kind) {
		if o, isObject := child.(tree.Object); isObject && strings.EqualFold(tree.StringAt(o, "name"), r.Args["child"]) {
			return res, o, nil
		}
	}
	return nil, nil, childNotFound(res.childID(kind, r.Args["child"]))
}

func (s *Provider) listChildren(k *childKind) func(*arm.Request) (*arm.Response, *arm.Error) {
	return func(r *arm.Request) (*arm.Response, *arm.Error) {
		res, err := s.findNet(LoadBalancers, r)
		if err != nil {
			return nil, err
		}
		return arm.Answer(http.StatusOK, tree.Members{{"value", s.childBodies(res, k)}}), nil
	}
}

func (s *Provider) getChild(k *childKind) func(*arm.Request) (*arm.Response, *arm.Error) {
	return func(r *arm.Request) (*arm.Response, *arm.Error) {
		res, child, err := s.findChild(r, k.Name)
		if err != nil {
			return nil, err
		}
		return netAnswer(http.StatusOK, s.childBody(res, k, child), res), nil
	}
}

// putChild writes one part; the rest of the load balancer stays as it is, but has another etag.
func (s *Provider) putChild(k *childKind) func(*arm.Request) (*arm.Response, *arm.Error) {
	return func(r *arm.Request) (*arm.Response, *arm.Error) {
		res, err := s.findNet(LoadBalancers, r)
		if err != nil {
			return nil, err
		}
		body, err := r.Object()
		if err != nil {
			return nil, err
		}
		if err := s.checkNetEtag(r, res); err != nil {
			return nil, err
		}
		child, isObject := k.cleaned(tree.With(body, "name", r.Args["child"])).(tree.Object)
		if !isObject {
			return nil, invalidFormat("An object was expected.")
		}
		status := http.StatusOK
		if ChildNamed(res.properties(), k.Name, r.Args["child"]) == nil {
			status = http.StatusCreated
		}
		op, err := s.writeNet(r, res, res.withChild(k.Name, r.Args["child"], child))
		if err != nil {
			return nil, err
		}
		return s.netWritten(r, op, status, s.childBody(res, k, child), res), nil
	}
}

func (s *Provider) deleteChild(k *childKind) func(*arm.Request) (*arm.Response, *arm.Error) {
	return func(r *arm.Request) (*arm.Response, *arm.Error) {
		res, err := s.findNet(LoadBalancers, r)
		if err != nil {
			return nil, err
		}
		if ChildNamed(res.properties(), k.Name, r.Args["child"]) == nil {
			return arm.Answer(http.StatusNoContent, nil), nil
		}
		if err := s.checkNetEtag(r, res); err != nil {
			return nil, err
		}
		op, err := s.writeNet(r, res, res.withChild(k.Name, r.Args["child"], nil))
		if err != nil {
			return nil, err
		}
		return s.Accepted(r, op), nil
	}
}
