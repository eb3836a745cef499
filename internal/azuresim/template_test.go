package azuresim

import (
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/render"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

// formWorlds are worlds in which instances show nearly all that they can.
var formWorlds = map[string][]tree.Member{
	"plain":    nil,
	"zones":    {{"zones", []string{"1", "2", `"3"`}}, {"health", "extension"}},
	"probe":    {{"health", "probe"}, {"script", tree.Members{{"command", "x"}}}},
	"flexible": {{"orchestration", vmprofile.Flexible}, {"script", tree.Members{{"command", "x"}}}},
	// Values like those in the stand-ins' blanks, in the text that all share.
	"mimic": {{"tags", tree.Members{{"98707", "8765430007"}, {"2001-02-03T04:05:01.0012345+00:00", "\r\n\t\"é"}}}},
}

// A list shows of each instance the output of the one renderer of instances, whatever happened to the instance.
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
			s.finish(s.do(202, "POST", testSet+"/deallocate", tree.Members{{"instanceIds", []string{s.ref(4)}}}))
			s.finish(s.do(202, "POST", testSet+"/poweroff", tree.Members{{"instanceIds", []string{s.ref(5)}}}))
			s.finish(s.do(200, "PUT", testSet+"/virtualMachines/"+s.ref(6),
				tree.Members{{"properties", tree.Members{{"protectionPolicy", tree.Members{{"protectFromScaleIn", true}}}}}}))
			s.control("POST", "/health", tree.Members{{"scaleSet", testSet}, {"instance", s.ref(7)}, {"state", "unhealthy"}})
			s.do(202, "POST", testSet+"/delete", tree.Members{{"instanceIds", []string{s.ref(8)}}})
			s.checkForms()
			s.faults(tree.Members{{"operation", arm.OpUpdateInstances}, {"kind", "scriptFails"}, {"stderr", "no"}})
			s.finish(s.upgrade(s.ref(9)))
			s.do(200, "PATCH", testSet, tree.Members{{"tags", tree.Members{{"a", "b"}}}, {"sku", tree.Members{{"capacity", 15}}}})
			s.checkForms()
			s.faults(tree.Members{{"operation", arm.OpListVMs}, {"kind", "listLags"}, {"seconds", 30}},
				tree.Members{{"operation", arm.OpListVMs}, {"kind", "healthLags"}, {"seconds", 40}})
			s.checkForms()
		})
	}
}

// Times of health are each instance's own and change while nothing else does. Lists show them as views do, by the templates that existed
// before.
func TestFormsFollowHealthTimes(t *testing.T) {
	for _, choice := range []kernel.Choice{"progress", "report", "change"} {
		t.Run(string(choice), func(t *testing.T) {
			s := newSim(t, Options{Seed: 8, Switches: kernel.Switches{HealthTime: choice}})
			// which all share
			s.stage(6, tree.Member{"health", "extension"}, tree.Member{"tags", tree.Members{{"since", arm.FormatTime(s.clock.Now())}}})
			s.clock.Advance(7 * time.Second)
			s.sicken("1")
			s.want(s.finish(s.do(202, "POST", testSet+"/restart", tree.Members{{"instanceIds", []string{"2"}}})), operations.Succeeded)
			s.want(s.finish(s.do(202, "POST", testSet+"/poweroff", tree.Members{{"instanceIds", []string{"3"}}})), operations.Succeeded)
			s.checkForms()
			templates := len(s.server.lists.Templates)
			for range 5 {
				s.clock.Advance(3 * time.Second)
				s.checkForms()
			}
			mustEqual(t, "templates", len(s.server.lists.Templates), templates)
			s.faults(tree.Members{{"operation", arm.OpListVMs}, {"kind", "listLags"}, {"seconds", 30}},
				tree.Members{{"operation", arm.OpListVMs}, {"kind", "healthLags"}, {"seconds", 40}})
			s.checkForms()
		})
	}
}

// ref names the nth instance that exists.
func (s *sim) ref(n int) string {
	s.t.Helper()
	return s.server.compute.Sets[strings.ToLower(testSet)].Instances[n].Ref()
}

// checkForms lists the instances in every way, and compares each with the output for it alone.
func (s *sim) checkForms() {
	s.t.Helper()
	for _, version := range []string{oldest, arm.EtagVersion, newest} {
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
	set := s.server.compute.Sets[strings.ToLower(testSet)]
	values, parseErr := url.ParseQuery(query)
	if parseErr != nil {
		s.t.Fatal(parseErr)
	}
	r := &arm.Request{Query: values, Route: &arm.Route{Name: arm.OpListVMs}}
	l, err := s.server.lists.ReadListing(r, set)
	if err != nil {
		s.t.Fatal(err.Message)
	}
	shown, _ := s.server.lists.Page(set, l, -1)
	list := []tree.Members{}
	for _, one := range shown {
		list = append(list, l.Item(one, arm.APIVersion(version)))
	}
	for templateKey, f := range s.server.lists.Templates {
		if f == nil {
			s.t.Fatalf("no template could be cut for %+v", templateKey)
		}
	}
	return string(tree.ToJSON(tree.Members{{"value", list}}))
}

// Every field of an instance has its place: what lists show of it is in its templateKey, in a blank, or makes it peculiar.
func TestTemplatesKnowEveryField(t *testing.T) {
	places := map[string]string{
		"Set": "templateKey", "Zone": "templateKey", "Exact": "templateKey",
		"State":          "templateKey, since and healthSince: blanks, profiled: not shown",
		"ProtectScaleIn": "templateKey", "ProtectActions": "templateKey", "HasProtection": "templateKey",
		"ID": "blank", "Suffix": "blank", "Fault": "blank", "VMID": "blank", "Disk": "blank", "Etag": "blank", "Born": "blank",
		"Attached": "blank",
		"Tags":     "peculiar", "Results": "peculiar",
		"past": "not shown", "Task": "not shown", "Command": "not shown", "Commands": "not shown", "Managed": "not shown",
		"PendingScripts": "not shown", "PendingDisk": "not shown", "HealthOverride": "not shown",
		"Upgrades": "not shown", "Reimages": "not shown", "ScriptRuns": "not shown", "Deleted": "not shown", "Address": "not shown",
		"Surplus": "not shown", "warmUntil": "in health, which the templateKey has", "repaired": "not shown", "surging": "not shown",
		"Booted": "not shown", "HandlerUpgrades": "templateKey", "Joined": "peculiar", "Hostless": "peculiar", "Applications": "peculiar",
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[vmss.Instance]()) {
		if places[field.Name] == "" && len(field.Index) == 1 {
			t.Errorf("field %s of an instance is new: if lists show it, the templates must know it (template.go); then name its place here",
				field.Name)
		}
	}
	if n := reflect.TypeFor[vmss.State]().NumField(); n != 7 {
		t.Errorf("a state has %d fields, of which the templates know 7 (template.go)", n)
	}
}

// Forms are as many as there are kinds of instances, and bounded.
func TestFormsAreBounded(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1, tree.Member{"mode", "Automatic"}) // the instance takes each model
	made := 0
	for i := range 2 * render.TemplatesKept {
		s.patch(script(strconv.Itoa(i)))
		s.clock.Advance(time.Hour)
		before := len(s.server.lists.Templates)
		s.vms("")
		if len(s.server.lists.Templates) != before {
			made++
		}
		mustEqual(t, "bounded", len(s.server.lists.Templates) <= render.TemplatesKept, true)
	}
	if made <= render.TemplatesKept {
		t.Errorf("only %d forms were made", made)
	}
}
