package azuresim

import (
	"net/http"
	"strings"
)

// putNet replaces a resource whole: what the body leaves out is gone.
func (s *network) putNet(k *netKind) func(*request) (*response, *armError) {
	return func(r *request) (*response, *armError) {
		if err := s.findGroup(r); err != nil {
			return nil, err
		}
		body, err := r.object()
		if err != nil {
			return nil, err
		}
		res, status := s.resources[k.netKey(r)], http.StatusOK
		if err := s.checkNetWrite(r, res, body); err != nil {
			return nil, err
		}
		if res == nil {
			res, status = s.newNet(k, r, stringAt(body, "location")), http.StatusCreated
		}
		op, err := s.writeNet(r, res, k.cleaned(body))
		if err != nil {
			return nil, err
		}
		return s.netWritten(r, op, status, s.netBody(res), res), nil
	}
}

// newNet is a resource that is not there yet.
func (s *network) newNet(k *netKind, r *request, location string) *netResource {
	return &netResource{
		kind: k, subscription: r.args["sub"], group: r.args["group"], name: r.args["name"], key: k.netKey(r),
		location: normalLocation(location), path: newTrafficPath(),
	}
}

// checkNetWrite refuses what no type of network resources takes. res is nil for a new one.
func (s *network) checkNetWrite(r *request, res *netResource, body object) *armError {
	if err := s.checkNetEtag(r, res); err != nil {
		return err
	}
	if err := checkNetShape(body); err != nil {
		return err
	}
	location := stringAt(body, "location")
	switch {
	case location == "":
		return refuse(http.StatusBadRequest, "LocationRequired", "The location property is required for this definition.").fromGateway()
	case res == nil || normalLocation(location) == res.location:
		return nil
	}
	return refuse(http.StatusConflict, "InvalidResourceLocation",
		"The resource '%s' already exists in location '%s' in resource group '%s'. A resource with the same name cannot be created in "+
			"location '%s'. Please select a new resource name.", res.name, res.location, res.group, location).fromGateway()
}

// checkNetShape refuses parts of the wrong type that all types of network resources have.
func checkNetShape(body object) *armError {
	for _, name := range []string{"properties", "sku", "tags"} {
		if v := body[name]; v != nil && !isObject(v) {
			return invalidFormat("'%s' is not an object.", name)
		}
	}
	for name, tag := range objectAt(body, "tags") {
		if !isString(tag) {
			return invalidFormat("Tag '%s' is not a string.", name)
		}
	}
	return nil
}

// checkNetEtag checks a request's conditions, unless that is not done (azure-facts §2.10). Without any, a write overwrites.
func (s *network) checkNetEtag(r *request, res *netResource) *armError {
	if s.switches.NetworkIfMatch == "ignore" {
		return nil
	}
	stored := ""
	if res != nil {
		stored = res.weakEtag()
	}
	if match := r.header.Get("If-Match"); match != "" && !etagMatches(match, stored) {
		return refuse(http.StatusPreconditionFailed, "PreconditionFailed",
			"Precondition failed. Etag %s of the If-Match header does not match etag %s of the resource.", match, stored)
	}
	if none := r.header.Get("If-None-Match"); none != "" && etagMatches(none, stored) {
		return refuse(http.StatusPreconditionFailed, "PreconditionFailed",
			"Precondition failed. Etag %s of the If-None-Match header matches etag %s of the resource.", none, stored)
	}
	return nil
}

// writeNet makes a resource what a document says and begins the operation by whose end the data path follows.
func (s *network) writeNet(r *request, res *netResource, doc object) (*longRunning, *armError) {
	if res.deleting {
		return nil, refuse(http.StatusConflict, "ResourceIsBeingDeleted", "Resource %s is being deleted.", res.id())
	}
	if err := res.kind.check(s, res, doc); err != nil {
		return nil, err
	}
	if s.resources[res.key] == nil {
		res.guid = s.guid()
		s.resources[res.key] = res
	}
	res.doc, res.etag = doc, s.guid()
	op := s.beginNet(r.route.name, res)
	op.onEnd = func() {
		if res.ended(op) && !op.inert {
			res.kind.applied(s, res)
		}
	}
	return op, nil
}

// ended notes that an operation has, and says whether it did what it was for.
func (res *netResource) ended(op *longRunning) bool {
	if res.operation == op {
		res.operation = nil
	}
	res.failed = op.status != statusSucceeded
	return !res.failed
}

// deleteNet deletes a resource that nothing uses.
func (s *network) deleteNet(k *netKind) func(*request) (*response, *armError) {
	return func(r *request) (*response, *armError) {
		if err := s.findGroup(r); err != nil {
			return nil, err
		}
		res := s.resources[k.netKey(r)]
		if res == nil {
			return answer(http.StatusNoContent, nil), nil
		}
		if err := s.checkNetEtag(r, res); err != nil {
			return nil, err
		}
		if err := k.free(s, res); err != nil {
			return nil, err
		}
		return s.accepted(r, s.endNet(r, res)), nil
	}
}

// endNet begins a deletion; a resource whose deletion fails stays.
func (s *network) endNet(r *request, res *netResource) *longRunning {
	op := s.beginNet(r.route.name, res)
	res.deleting = true
	op.onEnd = func() {
		res.deleting = false
		if !res.ended(op) || op.inert {
			return
		}
		delete(s.resources, res.key)
		res.kind.gone(s, res)
	}
	return op
}

// patchNetTags replaces the tags, which is all that PATCH can do; nothing else changes and it takes no time.
func (s *network) patchNetTags(k *netKind) func(*request) (*response, *armError) {
	return func(r *request) (*response, *armError) {
		res, err := s.findNet(k, r)
		if err != nil {
			return nil, err
		}
		body, err := r.object()
		if err != nil {
			return nil, err
		}
		if err := checkNetShape(body); err != nil {
			return nil, err
		}
		if err := s.checkNetEtag(r, res); err != nil {
			return nil, err
		}
		if tags := objectAt(body, "tags"); tags != nil {
			res.doc, res.etag = with(res.doc, "tags", tags), s.guid()
		}
		return netAnswer(http.StatusOK, s.netBody(res), res), nil
	}
}

// withSKU gives a document the kind that Azure makes where none is named.
func withSKU(doc object) object {
	doc = without(doc, readOnly...)
	return with(doc, "sku", withDefaults(objectAt(doc, "sku"), object{"name": "Standard", "tier": "Regional"}))
}

func isBasic(doc object) bool { return strings.EqualFold(stringAt(doc, "sku", "name"), "Basic") }
