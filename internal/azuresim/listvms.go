package azuresim

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// listing is what a list of instances is to show.
type listing struct {
	asOf     time.Time
	lagging  bool
	omitted  map[instanceRef]bool
	health   time.Duration // how old health is
	filter   func(look) bool
	projects bool // $select: little but the instance view comes back
	expands  bool
}

// listVMs lists instances in pages.
func (s *instances) listVMs(r *request) (*response, *armError) {
	set, err := s.findSet(r)
	if err != nil {
		return nil, err
	}
	l, err := s.lists.readListing(r, set)
	if err != nil {
		return nil, err
	}
	after, err := s.lists.skipToken(r)
	if err != nil {
		return nil, err
	}
	page, last := s.lists.page(set, l, after)
	list := make([]drawing, 0, len(page))
	for _, shown := range page {
		list = append(list, func(w *jsonWriter, depth int) { s.lists.draw(w, l, shown, r.version, depth) })
	}
	body := members{{"value", list}}
	if last >= 0 {
		body = append(body, member{"nextLink", s.lists.pageLink(r, last)})
	}
	res := s.lists.writtenPage(body)
	res.charge = s.lists.listCharge(r, set, len(list), after < 0)
	return res, nil
}

// pages are what pages were written into and have been sent; a page is near half a megabyte.
var pages = sync.Pool{New: func() any { return new([]byte) }}

// writtenPage writes a page at once, while nobody changes the instances in it.
func (s *lister) writtenPage(body members) *response {
	buffer, _ := pages.Get().(*[]byte)
	w := jsonWriter{indent: true, out: slices.Grow((*buffer)[:0], s.pageBytes)}
	w.value(body, 0)
	s.pageBytes = len(w.out)
	res := answer(http.StatusOK, rawJSON(w.out))
	res.sent = func() {
		*buffer = w.out
		pages.Put(buffer)
	}
	return res
}

// filters are those that the API allows (azure-facts §6).
var filters = map[string]func(look) bool{
	"":                                       func(look) bool { return true },
	"properties/latestmodelapplied eq true":  func(l look) bool { return l.state.model == l.latest },
	"properties/latestmodelapplied eq false": func(l look) bool { return l.state.model != l.latest },
	"startswith(instanceview/statuses/code, 'powerstate') eq true": func(look) bool { return true },
}

func (s *lister) readListing(r *request, set *scaleSet) (listing, *armError) {
	l := listing{asOf: s.now, omitted: map[instanceRef]bool{}}
	text := strings.ToLower(strings.Join(strings.Fields(r.queryValue("$filter")), " "))
	filter, known := s.filterOf(set, text)
	if !known {
		return l, invalidParameter("$filter", "The value '%s' of parameter '$filter' is invalid.", r.queryValue("$filter"))
	}
	l.filter = filter
	l.expands = strings.Contains(strings.ToLower(r.queryValue("$expand")), "instanceview")
	l.projects = r.queryValue("$select") != ""
	for _, f := range s.faults.fire(r.route.name, set.key, listFaults) {
		switch f.Kind {
		case faultListLags:
			l.asOf, l.lagging = s.now.Add(-f.duration()), true
		case faultListOmits:
			for _, id := range f.Instances {
				l.omitted[id] = true
			}
		case faultHealthLags:
			l.health = f.duration()
		default: // it was looked for elsewhere
		}
	}
	return l, nil
}

// page is the instances after an id; last is the id to go on from, or below zero.
func (s *lister) page(set *scaleSet, l listing, after int) (page []look, last int) {
	size := s.sizeOfPage(after)
	for _, inst := range s.listed(set, l) {
		if inst.id <= after || l.omits(inst) {
			continue
		}
		shown := inst.look()
		if l.lagging {
			shown = inst.lookAsOf(l.asOf)
		}
		if l.health > 0 {
			shown = shown.withHealthOf(s.now.Add(-l.health))
		}
		if !l.filter(shown) {
			continue
		}
		if len(page) == size {
			return page, page[len(page)-1].id
		}
		page = append(page, shown)
	}
	return page, s.afterLastPage(page)
}

func (l listing) omits(inst *instance) bool { return len(l.omitted) > 0 && l.omitted[inst.refKey()] }

// listed are the instances that exist, or did at the time that the list shows.
func (s *lister) listed(set *scaleSet, l listing) []*instance {
	if !l.lagging {
		return set.instances
	}
	var out []*instance
	for _, inst := range set.instances {
		if !inst.born.After(l.asOf) {
			out = append(out, inst)
		}
	}
	for _, inst := range set.gone {
		if !inst.surplus && inst.sinceTime().After(l.asOf) && !inst.born.After(l.asOf) {
			out = append(out, inst)
		}
	}
	slices.SortFunc(out, func(a, b *instance) int { return a.id - b.id })
	return out
}

// item is one instance of the list. With $select everything that was not
// selected is gone, and what remains of it is a default: latestModelApplied is
// false, whatever is true (azure-facts §2.3).
func (l listing) item(shown look, version apiVersion) members {
	var view *members
	if l.expands {
		v := shown.view(version)
		view = &v
	}
	if !l.projects {
		return shown.body(version, view)
	}
	properties := members{{"latestModelApplied", false}}
	if view != nil {
		properties = append(properties, member{"instanceView", *view})
	}
	properties = append(properties, member{"hardwareProfile", members{}}, member{"provisioningState", shown.state.provisioning.String()})
	return members{{"id", shown.armID()}, {"instanceId", shown.ref()}, {"properties", properties}}
}

const tokenPrefix = "vmss+after/" // base64 of it has characters that must be escaped in a URL

func (s *lister) skipToken(r *request) (after int, err *armError) {
	token := r.queryValue("$skiptoken")
	if token == "" {
		return -1, nil
	}
	text, decodeErr := base64.StdEncoding.DecodeString(s.tokenOfPage(token))
	id, found := strings.CutPrefix(string(text), tokenPrefix)
	after, convErr := strconv.Atoi(id)
	if decodeErr != nil || !found || convErr != nil {
		return 0, invalidParameter("$skiptoken", "The request URL is not valid.")
	}
	return after, nil
}

// nextLink is where the next page is, with the options of this one.
func nextLink(r *request, last int) string {
	query := url.Values{}
	for name, values := range r.query {
		if !strings.EqualFold(name, "$skiptoken") {
			query[name] = values
		}
	}
	query.Set("$skiptoken", base64.StdEncoding.EncodeToString([]byte(tokenPrefix+strconv.Itoa(last))))
	return r.base + r.path + "?" + query.Encode()
}
