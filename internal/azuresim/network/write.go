package network

import (
	"net/http"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
)

// putNet replaces a whole resource: fields that the body leaves out are removed.
func (s *Provider) putNet(k *Kind) func(*arm.Request) (*arm.Response, *arm.Error) {
	return func(r *arm.Request) (*arm.Response, *arm.Error) {
		if err := s.FindGroup(r); err != nil {
			return nil, err
		}
		body, err := r.Object()
		if err != nil {
			return nil, err
		}
		res, status := s.Resources[k.netKey(r)], http.StatusOK
		if err := s.checkNetWrite(r, res, body); err != nil {
			return nil, err
		}
		if res == nil {
			res, status = s.newNet(k, r, tree.StringAt(body, "location")), http.StatusCreated
		}
		op, err := s.writeNet(r, res, k.cleaned(body))
		if err != nil {
			return nil, err
		}
		return s.netWritten(r, op, status, s.NetBody(res), res), nil
	}
}

// newNet is a resource that is not there yet.
func (s *Provider) newNet(k *Kind, r *arm.Request, location string) *Resource {
	return &Resource{
		kind: k, subscription: r.Args["sub"], group: r.Args["group"], name: r.Args["name"], key: k.netKey(r),
		location: arm.NormalLocation(location), Path: newTrafficPath(),
	}
}

// checkNetWrite refuses what no type of network resources takes. res is nil for a new one.
func (s *Provider) checkNetWrite(r *arm.Request, res *Resource, body tree.Object) *arm.Error {
	if err := s.checkNetEtag(r, res); err != nil {
		return err
	}
	if err := checkNetShape(body); err != nil {
		return err
	}
	location := tree.StringAt(body, "location")
	switch {
	case location == "":
		return arm.Refuse(http.StatusBadRequest, "LocationRequired", "The location property is required for this definition.").FromGateway()
	case res == nil || arm.NormalLocation(location) == res.location:
		return nil
	}
	return arm.Refuse(http.StatusConflict, "InvalidResourceLocation",
		"The resource '%s' already exists in location '%s' in resource group '%s'. A resource with the same name cannot be created in "+
			"location '%s'. Please select a new resource name.", res.name, res.location, res.group, location).FromGateway()
}

// checkNetShape refuses parts of the wrong type that all types of network resources have.
func checkNetShape(body tree.Object) *arm.Error {
	for _, name := range []string{"properties", "sku", "tags"} {
		if v := body[name]; v != nil && !tree.IsObject(v) {
			return invalidFormat("'%s' is not an object.", name)
		}
	}
	for name, tag := range tree.ObjectAt(body, "tags") {
		if !tree.IsString(tag) {
			return invalidFormat("Tag '%s' is not a string.", name)
		}
	}
	return nil
}

// checkNetEtag checks a request's conditions, unless that is not done (docs/azure.md §2.10). Without any, a write overwrites.
func (s *Provider) checkNetEtag(r *arm.Request, res *Resource) *arm.Error {
	if s.Switches.NetworkIfMatch == "ignore" {
		return nil
	}
	stored := ""
	if res != nil {
		stored = res.weakEtag()
	}
	if match := r.Header.Get("If-Match"); match != "" && !arm.EtagMatches(match, stored) {
		return arm.Refuse(http.StatusPreconditionFailed, "PreconditionFailed",
			"Precondition failed. Etag %s of the If-Match header does not match etag %s of the resource.", match, stored)
	}
	if none := r.Header.Get("If-None-Match"); none != "" && arm.EtagMatches(none, stored) {
		return arm.Refuse(http.StatusPreconditionFailed, "PreconditionFailed",
			"Precondition failed. Etag %s of the If-None-Match header matches etag %s of the resource.", none, stored)
	}
	return nil
}

// writeNet changes a resource to match a document and begins an operation. When that ends, the data path follows.
func (s *Provider) writeNet(r *arm.Request, res *Resource, doc tree.Object) (*operations.Operation, *arm.Error) {
	if res.deleting {
		return nil, arm.Refuse(http.StatusConflict, "ResourceIsBeingDeleted", "Resource %s is being deleted.", res.id())
	}
	if err := res.kind.check(s, res, doc); err != nil {
		return nil, err
	}
	if s.Resources[res.key] == nil {
		res.guid = s.GUID()
		s.Resources[res.key] = res
	}
	res.Doc, res.etag = doc, s.GUID()
	op := s.beginNet(r.Route.Name, res)
	op.OnEnd = func() {
		if res.ended(op) && !op.Inert {
			res.kind.applied(s, res)
		}
	}
	return op, nil
}

// ended records that an operation has ended, and reports whether it succeeded.
func (res *Resource) ended(op *operations.Operation) bool {
	if res.Operation == op {
		res.Operation = nil
	}
	res.failed = op.Status != operations.Succeeded
	return !res.failed
}

// deleteNet deletes a resource that nothing uses.
func (s *Provider) deleteNet(k *Kind) func(*arm.Request) (*arm.Response, *arm.Error) {
	return func(r *arm.Request) (*arm.Response, *arm.Error) {
		if err := s.FindGroup(r); err != nil {
			return nil, err
		}
		res := s.Resources[k.netKey(r)]
		if res == nil {
			return arm.Answer(http.StatusNoContent, nil), nil
		}
		if err := s.checkNetEtag(r, res); err != nil {
			return nil, err
		}
		if err := k.free(s, res); err != nil {
			return nil, err
		}
		return s.Accepted(r, s.endNet(r, res)), nil
	}
}

// endNet begins a deletion; a resource whose deletion fails stays.
func (s *Provider) endNet(r *arm.Request, res *Resource) *operations.Operation {
	op := s.beginNet(r.Route.Name, res)
	res.deleting = true
	op.OnEnd = func() {
		res.deleting = false
		if !res.ended(op) || op.Inert {
			return
		}
		delete(s.Resources, res.key)
		res.kind.gone(s, res)
	}
	return op
}

// patchNetTags replaces the tags, the only fields that PATCH can change; it takes no time.
func (s *Provider) patchNetTags(k *Kind) func(*arm.Request) (*arm.Response, *arm.Error) {
	return func(r *arm.Request) (*arm.Response, *arm.Error) {
		res, err := s.findNet(k, r)
		if err != nil {
			return nil, err
		}
		body, err := r.Object()
		if err != nil {
			return nil, err
		}
		if err := checkNetShape(body); err != nil {
			return nil, err
		}
		if err := s.checkNetEtag(r, res); err != nil {
			return nil, err
		}
		if tags := tree.ObjectAt(body, "tags"); tags != nil {
			res.Doc, res.etag = tree.With(res.Doc, "tags", tags), s.GUID()
		}
		return netAnswer(http.StatusOK, s.NetBody(res), res), nil
	}
}

// withSKU gives a document the kind that Azure makes where none is named.
func withSKU(doc tree.Object) tree.Object {
	doc = tree.Without(doc, vmprofile.ReadOnly...)
	return tree.With(doc, "sku", tree.WithDefaults(tree.ObjectAt(doc, "sku"), tree.Object{"name": "Standard", "tier": "Regional"}))
}

func isBasic(doc tree.Object) bool {
	return strings.EqualFold(tree.StringAt(doc, "sku", "name"), "Basic")
}
