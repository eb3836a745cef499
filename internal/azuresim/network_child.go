package azuresim

import (
	"net/http"
	"strings"
)

// findChild is the part of a load balancer that a path names.
func (s *network) findChild(r *request, kind string) (*netResource, object, *armError) {
	res, err := s.findNet(loadBalancers, r)
	if err != nil {
		return nil, nil, err
	}
	for _, child := range s.shownChildren(res, kind) {
		if o, isObject := child.(object); isObject && strings.EqualFold(stringAt(o, "name"), r.args["child"]) {
			return res, o, nil
		}
	}
	return nil, nil, childNotFound(res.childID(kind, r.args["child"]))
}

func (s *network) listChildren(k *childKind) func(*request) (*response, *armError) {
	return func(r *request) (*response, *armError) {
		res, err := s.findNet(loadBalancers, r)
		if err != nil {
			return nil, err
		}
		return answer(http.StatusOK, members{{"value", s.childBodies(res, k)}}), nil
	}
}

func (s *network) getChild(k *childKind) func(*request) (*response, *armError) {
	return func(r *request) (*response, *armError) {
		res, child, err := s.findChild(r, k.name)
		if err != nil {
			return nil, err
		}
		return netAnswer(http.StatusOK, s.childBody(res, k, child), res), nil
	}
}

// putChild writes one part; the rest of the load balancer stays as it is, but has another etag.
func (s *network) putChild(k *childKind) func(*request) (*response, *armError) {
	return func(r *request) (*response, *armError) {
		res, err := s.findNet(loadBalancers, r)
		if err != nil {
			return nil, err
		}
		body, err := r.object()
		if err != nil {
			return nil, err
		}
		if err := s.checkNetEtag(r, res); err != nil {
			return nil, err
		}
		child, isObject := k.cleaned(with(body, "name", r.args["child"])).(object)
		if !isObject {
			return nil, invalidFormat("An object was expected.")
		}
		status := http.StatusOK
		if childNamed(res.properties(), k.name, r.args["child"]) == nil {
			status = http.StatusCreated
		}
		op, err := s.writeNet(r, res, res.withChild(k.name, r.args["child"], child))
		if err != nil {
			return nil, err
		}
		return s.netWritten(r, op, status, s.childBody(res, k, child), res), nil
	}
}

func (s *network) deleteChild(k *childKind) func(*request) (*response, *armError) {
	return func(r *request) (*response, *armError) {
		res, err := s.findNet(loadBalancers, r)
		if err != nil {
			return nil, err
		}
		if childNamed(res.properties(), k.name, r.args["child"]) == nil {
			return answer(http.StatusNoContent, nil), nil
		}
		if err := s.checkNetEtag(r, res); err != nil {
			return nil, err
		}
		op, err := s.writeNet(r, res, res.withChild(k.name, r.args["child"], nil))
		if err != nil {
			return nil, err
		}
		return s.accepted(r, op), nil
	}
}
