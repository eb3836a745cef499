package azuresim

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

const testGallery = testGroup + "/providers/Microsoft.Compute/galleries/g/applications/"

// applications is a body that gives the model gallery applications, each as name/version, which fail the instance where a * follows.
func applications(list ...string) tree.Members {
	entries := []tree.Members{}
	for i, one := range list {
		name, version, _ := strings.Cut(strings.TrimSuffix(one, "*"), "/")
		entries = append(entries, tree.Members{{"packageReferenceId", testGallery + name + "/versions/" + version}, {"order", len(list) - i},
			{"treatFailureAsDeploymentFailure", strings.HasSuffix(one, "*")}})
	}
	return profile(tree.Member{"applicationProfile", tree.Members{{"galleryApplications", entries}}})
}

// appStatus is the state of the extension that installs applications, and what its status says.
func (s *sim) appStatus(id string) string {
	s.t.Helper()
	view := s.do(http.StatusOK, "GET", testSet+"/virtualMachines/"+id+"/instanceView", nil).body
	for _, e := range tree.ArrayAt(view, "extensions") {
		if tree.StringAt(e, "name") == "VMAppExtension" {
			status := tree.ArrayAt(e, "statuses")[0]
			return tree.StringAt(status, "code") + " " + tree.StringAt(status, "message")
		}
	}
	return ""
}

// A fault fails one application on the instances that it names; the instance fails where that application counts as a deployment failure.
func TestOneApplicationFails(t *testing.T) {
	for name, tc := range map[string]struct {
		entry, end, code string
	}{
		"counts":         {"agent/2.0.0*", operations.Failed, "ProvisioningState/failed/3"},
		"does not count": {"agent/2.0.0", operations.Succeeded, "ProvisioningState/succeeded"},
	} {
		s := newSim(t, Options{})
		s.stage(2)
		s.patched(applications("web/1.0.0*", "agent/1.0.0*"))
		s.want(s.finish(s.upgrade("*")), operations.Succeeded)
		s.faults(tree.Members{{"operation", "UpdateInstances"}, {"kind", "scriptFails"}, {"script", "/agent/"}, {"instances", []int{1}},
			{"exitCode", 3}, {"stderr", "no disk"}})
		s.patched(applications("web/1.0.0*", tc.entry))
		s.want(s.finish(s.upgrade("*")), tc.end)
		ok := s.appStatus("0")
		mustEqual(t, name+": the other instance", strings.Contains(ok, `"version":"2.0.0","result":"Install SUCCESS"`), true)
		status := s.appStatus("1")
		for _, want := range []string{tc.code + " ", `"applicationName":"web","version":"1.0.0","result":"Install SUCCESS"`,
			`"result":"Update FAILED Error executing command 'update': command terminated with exit status=3\n[stderr]\nno disk"`} {
			if !strings.Contains(status, want) {
				t.Errorf("%s: %s is not in %s", name, want, status)
			}
		}
		mustEqual(t, name, tree.StringAt(s.vms("")[1], "properties", "provisioningState") == "Failed", tc.end == operations.Failed)
		s.faults()
		s.patched(applications("web/1.0.0*", "agent/1.0.0*"))
		s.want(s.finish(s.upgrade("*")), operations.Succeeded)
	}
}

// In a fleet the commands of registered versions run beside their files, in the order of the applications.
func TestApplicationCommands(t *testing.T) {
	g := &ghosts{sick: map[string]bool{}}
	s := newSim(t, Options{Fleet: g})
	s.stage(1)
	for _, app := range []string{"web/versions/1.0.0", "web/versions/2.0.0", "agent/versions/1.0.0", "agent/versions/2.0.0"} {
		body := tree.Members{{"id", testGallery + app}, {"install", "install " + app}, {"remove", "remove " + app},
			{"files", tree.Members{{"package", app}}}}
		if strings.HasPrefix(app, "web") {
			body = append(body, tree.Member{"update", "update " + app})
		}
		s.control("PUT", "/applications", body)
	}
	ran := func(r reply, commands ...string) {
		t.Helper()
		for i, want := range commands {
			last := g.ran[len(g.ran)-1]
			mustEqual(t, text(i), last.Command, want)
			mustEqual(t, "package", "x "+string(last.Files["package"]), "x "+strings.SplitN(want, " ", 2)[1])
			g.ends[len(g.ends)-1](guest.ScriptResult{})
		}
		s.want(s.finish(r), operations.Succeeded)
	}
	s.patched(applications("web/1.0.0", "agent/1.0.0", "unknown/1.0.0"))
	ran(s.upgrade("0"), "install agent/versions/1.0.0", "install web/versions/1.0.0")
	s.patched(applications("web/2.0.0", "agent/2.0.0", "unknown/2.0.0"))
	ran(s.upgrade("0"), "remove agent/versions/1.0.0", "install agent/versions/2.0.0", "update web/versions/2.0.0")
	s.patched(applications("agent/2.0.0"))
	ran(s.upgrade("0"), "remove web/versions/2.0.0")
	r := s.do(http.StatusAccepted, "POST", testSet+"/virtualMachines/0/reimage", nil)
	s.clock.Advance(time.Minute) // until the disk is fresh
	s.want(s.status(r), operations.InProgress)
	ran(r, "install agent/versions/2.0.0")
}

func TestApplicationsRefusedByControl(t *testing.T) {
	s := newSim(t, Options{})
	for name, body := range map[string]tree.Members{
		"id":       {{"id", "/x"}, {"install", "a"}, {"remove", "b"}},
		"commands": {{"id", testGallery + "a/versions/1.0.0"}, {"install", "a"}},
		"file":     {{"id", testGallery + "a/versions/1.0.0"}, {"install", "a"}, {"remove", "b"}, {"files", tree.Members{{"../x", "y"}}}},
	} {
		status, _ := s.tryControl("PUT", "/applications", body)
		mustEqual(t, name, status, http.StatusBadRequest)
	}
}
