package render

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/faults"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

// Listing describes the content of a list of instances.
type Listing struct {
	asOf     time.Time
	lagging  bool
	omitted  map[faults.InstanceRef]bool
	health   time.Duration // how old health is
	filter   func(Snapshot) bool
	projects bool // $select: little but the instance view comes back
	expands  bool
}

// pages holds buffers of pages that have been sent, for reuse; a page is near half a megabyte.
var pages = sync.Pool{New: func() any { return new([]byte) }}

// WrittenPage writes a page at once, while no event changes the instances in it.
func (s *Lister) WrittenPage(body tree.Members) *arm.Response {
	buffer, _ := pages.Get().(*[]byte)
	w := tree.Writer{Indent: true, Out: slices.Grow((*buffer)[:0], s.pageBytes)}
	w.Value(body, 0)
	s.pageBytes = len(w.Out)
	res := arm.Answer(http.StatusOK, tree.RawJSON(w.Out))
	res.Sent = func() {
		*buffer = w.Out
		pages.Put(buffer)
	}
	return res
}

// filters are those that the API allows (docs/azure.md §6).
var filters = map[string]func(Snapshot) bool{
	"":                                       func(Snapshot) bool { return true },
	"properties/latestmodelapplied eq true":  func(l Snapshot) bool { return l.state.Model == l.latest },
	"properties/latestmodelapplied eq false": func(l Snapshot) bool { return l.state.Model != l.latest },
	"startswith(instanceview/statuses/code, 'powerstate') eq true": func(Snapshot) bool { return true },
}

// ReadListing reads from a request for a list what the list is to show.
func (s *Lister) ReadListing(r *arm.Request, set *vmss.ScaleSet) (Listing, *arm.Error) {
	text := strings.ToLower(strings.Join(strings.Fields(r.QueryValue("$filter")), " "))
	filter, known := s.filterOf(set, text)
	if !known {
		return Listing{}, arm.InvalidParameter("$filter", "The value '%s' of parameter '$filter' is invalid.", r.QueryValue("$filter"))
	}
	l := s.struck(r.Route.Name, set.Key)
	l.filter = filter
	l.expands = strings.Contains(strings.ToLower(r.QueryValue("$expand")), "instanceview")
	l.projects = r.QueryValue("$select") != ""
	return l, nil
}

// Page is the instances after an id; last is the id to go on from, or below zero.
func (s *Lister) Page(set *vmss.ScaleSet, l Listing, after int) (page []Snapshot, last int) {
	size := s.sizeOfPage(after)
	for _, inst := range s.listed(set, l) {
		if inst.ID <= after || l.omits(inst) {
			continue
		}
		shown := s.lookThrough(l, inst)
		if !l.filter(shown) {
			continue
		}
		if len(page) == size {
			return page, page[len(page)-1].ID
		}
		page = append(page, shown)
	}
	return page, s.afterLastPage(page)
}

func (l Listing) omits(inst *vmss.Instance) bool {
	return len(l.omitted) > 0 && l.omitted[inst.RefKey()]
}

// listed are the instances that exist, or did at the time that the list shows.
func (s *Lister) listed(set *vmss.ScaleSet, l Listing) []*vmss.Instance {
	if !l.lagging {
		return set.Instances
	}
	var out []*vmss.Instance
	for _, inst := range set.Instances {
		if !inst.Born.After(l.asOf) {
			out = append(out, inst)
		}
	}
	for _, inst := range set.Gone {
		if !inst.Surplus && inst.SinceTime().After(l.asOf) && !inst.Born.After(l.asOf) {
			out = append(out, inst)
		}
	}
	slices.SortFunc(out, func(a, b *vmss.Instance) int { return a.ID - b.ID })
	return out
}

// nameOnly is all that a list shows of an instance of a Flexible set, whatever is asked for
// (azure-cli-2025-02__test_vmss_linux_patch_mode:18).
func (l Snapshot) nameOnly() tree.Members {
	zones := []any{nil}
	if l.Zone != "" {
		zones = []any{l.Zone}
	}
	return tree.Members{
		{"name", l.Name()}, {"id", l.ARMID()}, {"type", "Microsoft.Compute/virtualMachineScaleSets/virtualMachines"},
		{"location", l.Set.Location}, {"instanceId", l.Ref()}, {"zones", zones},
	}
}

// Item renders one instance of the list. With $select everything that was not selected is missing, or has its default value:
// latestModelApplied is always false (docs/azure.md §2.3).
func (l Listing) Item(shown Snapshot, version arm.APIVersion) tree.Members {
	if shown.Set.IsFlexible() {
		return shown.nameOnly()
	}
	var view *tree.Members
	if l.expands {
		v := shown.View(version)
		view = &v
	}
	if !l.projects {
		return shown.Body(version, view)
	}
	properties := tree.Members{{"latestModelApplied", false}}
	if view != nil {
		properties = append(properties, tree.Member{"instanceView", *view})
	}
	properties = append(properties, tree.Member{"hardwareProfile", tree.Members{}},
		tree.Member{"provisioningState", shown.state.Provisioning.String()})
	return tree.Members{{"id", shown.ARMID()}, {"instanceId", shown.Ref()}, {"properties", properties}}
}

const tokenPrefix = "vmss+after/" // base64 of it has characters that must be escaped in a URL

// SkipToken returns the id after which a page starts; below zero: it is the first.
func (s *Lister) SkipToken(r *arm.Request) (after int, err *arm.Error) {
	token := r.QueryValue("$skiptoken")
	if token == "" {
		return -1, nil
	}
	text, decodeErr := base64.StdEncoding.DecodeString(s.tokenOfPage(token))
	id, found := strings.CutPrefix(string(text), tokenPrefix)
	after, convErr := strconv.Atoi(id)
	if decodeErr != nil || !found || convErr != nil {
		return 0, arm.InvalidParameter("$skiptoken", "The request URL is not valid.")
	}
	return after, nil
}

// nextLink is where the next page is, with the options of this one.
func nextLink(r *arm.Request, last int) string {
	query := url.Values{}
	for name, values := range r.Query {
		if !strings.EqualFold(name, "$skiptoken") {
			query[name] = values
		}
	}
	query.Set("$skiptoken", base64.StdEncoding.EncodeToString([]byte(tokenPrefix+strconv.Itoa(last))))
	return r.Base + r.Path + "?" + query.Encode()
}

// Lag is an instance as a request sees it: as it is, unless its health lags.
func (s *Lister) Lag(r *arm.Request, inst *vmss.Instance) Snapshot {
	l := LookAt(inst)
	for _, f := range s.Faults.Fire(r.Route.Name, inst.Set.Key, faults.HealthKinds) {
		l = l.withHealthOf(s.Now.Add(-f.Duration()))
	}
	return l
}
