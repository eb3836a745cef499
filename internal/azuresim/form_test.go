package azuresim

import (
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"
)

// worlds in which instances show nearly all that they can.
var formWorlds = map[string][]member{
	"plain":    nil,
	"zones":    {{"zones", []string{"1", "2", `"3"`}}, {"health", "extension"}},
	"probe":    {{"health", "probe"}, {"script", members{{"command", "x"}}}},
	"flexible": {{"orchestration", flexible}, {"script", members{{"command", "x"}}}},
	// What the stand-ins have in their blanks, in the text that all share.
	"mimic": {{"tags", members{{"98707", "8765430007"}, {"2001-02-03T04:05:01.0012345+00:00", "\r\n\t\"é"}}}},
}

// A list shows of each instance what the one renderer of instances writes, whatever became of it.
func TestFormsShowWhatInstancesAre(t *testing.T) {
	for name, world := range formWorlds {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, Options{Seed: 8})
			s.stage(12, world...)
			s.checkForms()
			s.patched(script("y"))
			s.upgrade(s.ref(0), s.ref(1))
			s.clock.Advance(time.Second)
			s.checkForms()
			s.finish(s.upgrade(s.ref(2), s.ref(3)))
			s.finish(s.do(202, "POST", testSet+"/deallocate", members{{"instanceIds", []string{s.ref(4)}}}))
			s.finish(s.do(202, "POST", testSet+"/poweroff", members{{"instanceIds", []string{s.ref(5)}}}))
			s.finish(s.do(200, "PUT", testSet+"/virtualMachines/"+s.ref(6), members{{"properties", members{{"protectionPolicy", members{{"protectFromScaleIn", true}}}}}}))
			s.control("POST", "/health", members{{"scaleSet", testSet}, {"instance", s.ref(7)}, {"state", "unhealthy"}})
			s.do(202, "POST", testSet+"/delete", members{{"instanceIds", []string{s.ref(8)}}})
			s.checkForms()
			s.faults(members{{"operation", opUpdateInstances}, {"kind", "scriptFails"}, {"stderr", "no"}})
			s.finish(s.upgrade(s.ref(9)))
			s.do(200, "PATCH", testSet, members{{"tags", members{{"a", "b"}}}, {"sku", members{{"capacity", 15}}}})
			s.checkForms()
			s.faults(members{{"operation", opListVMs}, {"kind", "listLags"}, {"seconds", 30}}, members{{"operation", opListVMs}, {"kind", "healthLags"}, {"seconds", 40}})
			s.checkForms()
		})
	}
}

// Times of health are each machine's own and move while nothing else does; lists show them as views do, by the forms that there were.
func TestFormsFollowHealthTimes(t *testing.T) {
	for _, choice := range []Choice{"progress", "report", "change"} {
		t.Run(string(choice), func(t *testing.T) {
			s := newSim(t, Options{Seed: 8, Switches: Switches{HealthTime: choice}})
			s.stage(6, member{"health", "extension"}, member{"tags", members{{"since", armTime(s.clock.Now())}}}) // which all share
			s.clock.Advance(7 * time.Second)
			s.sicken("1")
			s.want(s.finish(s.do(202, "POST", testSet+"/restart", members{{"instanceIds", []string{"2"}}})), statusSucceeded)
			s.want(s.finish(s.do(202, "POST", testSet+"/poweroff", members{{"instanceIds", []string{"3"}}})), statusSucceeded)
			s.checkForms()
			forms := len(s.server.lists.forms)
			for range 5 {
				s.clock.Advance(3 * time.Second)
				s.checkForms()
			}
			mustEqual(t, "forms", len(s.server.lists.forms), forms)
			s.faults(members{{"operation", opListVMs}, {"kind", "listLags"}, {"seconds", 30}}, members{{"operation", opListVMs}, {"kind", "healthLags"}, {"seconds", 40}})
			s.checkForms()
		})
	}
}

// ref names the nth instance that exists.
func (s *sim) ref(n int) string {
	s.t.Helper()
	return s.server.compute.sets[strings.ToLower(testSet)].instances[n].ref()
}

// checkForms lists the instances in every way, and holds each against what is written of it by itself.
func (s *sim) checkForms() {
	s.t.Helper()
	for _, version := range []string{oldest, etagVersion, newest} {
		for _, query := range []string{"", "$expand=instanceView", "$select=instanceView", "$select=instanceView&$expand=instanceView"} {
			s.version = version
			body := s.do(200, "GET", testSet+"/virtualMachines?"+query, nil).text
			want := s.listedSingly(version, query)
			if body != want {
				s.t.Fatalf("%s %s: listed\n%s\nwritten singly\n%s", version, query, body, want)
			}
		}
	}
}

func (s *sim) listedSingly(version, query string) string {
	set := s.server.compute.sets[strings.ToLower(testSet)]
	values, parseErr := url.ParseQuery(query)
	if parseErr != nil {
		s.t.Fatal(parseErr)
	}
	r := &request{query: values, route: &route{name: opListVMs}}
	l, err := s.server.lists.readListing(r, set)
	if err != nil {
		s.t.Fatal(err.message)
	}
	shown, _ := s.server.lists.page(set, l, -1)
	list := []members{}
	for _, one := range shown {
		list = append(list, l.item(one, apiVersion(version)))
	}
	for likeness, f := range s.server.lists.forms {
		if f == nil {
			s.t.Fatalf("no form could be cut for %+v", likeness)
		}
	}
	return string(toJSON(members{{"value", list}}))
}

// Every field of an instance has its place: what lists show of it is in its likeness, in a blank, or makes it peculiar.
func TestFormsKnowEveryField(t *testing.T) {
	places := map[string]string{
		"set": "likeness", "zone": "likeness", "exact": "likeness", "state": "likeness, since and healthSince: blanks",
		"protectScaleIn": "likeness", "protectActions": "likeness", "hasProtection": "likeness",
		"id": "blank", "suffix": "blank", "fault": "blank", "vmID": "blank", "disk": "blank", "etag": "blank", "born": "blank", "attached": "blank",
		"tags": "peculiar", "results": "peculiar",
		"past": "not shown", "task": "not shown", "command": "not shown", "commands": "not shown", "pendingScripts": "not shown", "pendingDisk": "not shown", "told": "not shown",
		"upgrades": "not shown", "reimages": "not shown", "scriptRuns": "not shown", "deleted": "not shown", "address": "not shown",
		"surplus": "not shown", "warmUntil": "in health, which the likeness has", "repaired": "not shown", "surging": "not shown", "booted": "not shown",
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[instance]()) {
		if places[field.Name] == "" && len(field.Index) == 1 {
			t.Errorf("field %s of an instance is new: if lists show it, the forms must know it (form.go); then name its place here", field.Name)
		}
	}
	if n := reflect.TypeFor[state]().NumField(); n != 6 {
		t.Errorf("a state has %d fields, of which the forms know 6 (form.go)", n)
	}
}

// Forms are as many as there are kinds of instances, and bounded.
func TestFormsAreBounded(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	for i := range 2 * formsKept {
		s.version = time.Date(2026, 1, 1+i, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
		s.vms("")
		mustEqual(t, "bounded", len(s.server.lists.forms) <= formsKept, true)
	}
}
