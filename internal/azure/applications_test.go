package azure

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

const webApplication = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/shop/applications/web"

// recordedApplications is the list in the form in which Azure answers (azure-cli-2025-02__test_vmss_add_application:4), with members of its
// own in between.
const recordedApplications = `[
  {"manuallyManaged": false, "packageReferenceId": "/galleries/shop/applications/agent/versions/latest",
   "order": 7, "treatFailureAsDeploymentFailure": false, "enableAutomaticUpgrade": true, "later": {"n": 1.10}},
  {"manuallyManaged": true, "packageReferenceId": "` + webApplication + `/versions/1.0.0", "configurationReference": "https://store/a.json",
   "tags": "blue", "treatFailureAsDeploymentFailure": false, "enableAutomaticUpgrade": false}]`

// readApplicationsOf reads a model with the list.
func readApplicationsOf(t *testing.T, list string) []rollout.Application {
	t.Helper()
	f := newFakeARM(t, answering(http.StatusOK,
		`{"name":"web","properties":{"virtualMachineProfile":{"applicationProfile":{"galleryApplications":`+list+`}}}}`))
	m, err := f.adapter.Model(context.Background(), web)
	if err != nil {
		t.Fatal(err)
	}
	return m.Applications
}

// TestApplicationsOfTheModel: each entry is read and kept whole.
func TestApplicationsOfTheModel(t *testing.T) {
	want := []rollout.Application{
		{ID: "/galleries/shop/applications/agent/versions/latest", Order: 7, IgnoresFailure: true, UpgradesItself: true,
			Entry: `{"manuallyManaged":false,"packageReferenceId":"/galleries/shop/applications/agent/versions/latest","order":7,` +
				`"treatFailureAsDeploymentFailure":false,"enableAutomaticUpgrade":true,"later":{"n":1.10}}`},
		{ID: webApplication + "/versions/1.0.0", Configuration: "https://store/a.json", Tags: "blue", IgnoresFailure: true,
			Entry: rollout.ApplicationEntry(`{"manuallyManaged":true,"packageReferenceId":"` + webApplication + `/versions/1.0.0",` +
				`"configurationReference":"https://store/a.json","tags":"blue","treatFailureAsDeploymentFailure":false,` +
				`"enableAutomaticUpgrade":false}`)},
	}
	if diff := cmp.Diff(want, readApplicationsOf(t, recordedApplications)); diff != "" {
		t.Error(diff)
	}
	for list, want := range map[string][]rollout.Application{
		`[]`:                           nil,
		`null`:                         nil,
		`[{"order":null,"later":[1]}]`: {{IgnoresFailure: true, Entry: `{"order":null,"later":[1]}`}},
	} {
		if diff := cmp.Diff(want, readApplicationsOf(t, list)); diff != "" {
			t.Errorf("%s: %s", list, diff)
		}
	}
}

// TestWrittenApplications holds the PATCH to its bytes: others' entries as they were read, ours as declared, and a restored one as it was.
func TestWrittenApplications(t *testing.T) {
	current := readApplicationsOf(t, recordedApplications)
	agent := `{"enableAutomaticUpgrade":true,"later":{"n":1.10},"order":7,` +
		`"packageReferenceId":"/galleries/shop/applications/agent/versions/latest","treatFailureAsDeploymentFailure":false}`
	was := `{"configurationReference":"https://store/a.json","enableAutomaticUpgrade":false,"manuallyManaged":true,` +
		`"packageReferenceId":"` + webApplication + `/versions/1.0.0","tags":"blue","treatFailureAsDeploymentFailure":false}`
	declared := rollout.Application{ID: webApplication + "/versions/1.1.0"}
	full := rollout.Application{ID: webApplication + "/versions/1.1.0", Order: 2, Configuration: "https://store/b.json", Tags: "green"}
	gone := rollout.Application{ID: strings.ToUpper(webApplication), Absent: true}
	for name, c := range map[string]struct {
		step rollout.WriteApplications
		want string
	}{
		"into an empty list": {rollout.WriteApplications{Applications: []rollout.Application{full}, ETag: `"7"`},
			`{"configurationReference":"https://store/b.json","enableAutomaticUpgrade":false,"order":2,` +
				`"packageReferenceId":"` + webApplication + `/versions/1.1.0","tags":"green","treatFailureAsDeploymentFailure":true}`},
		"beside another's": {rollout.WriteApplications{Applications: []rollout.Application{declared}, Current: current, ETag: `"7"`},
			agent + `,{"enableAutomaticUpgrade":false,"manuallyManaged":true,"packageReferenceId":"` + webApplication +
				`/versions/1.1.0","treatFailureAsDeploymentFailure":true}`},
		"restored": {rollout.WriteApplications{Applications: current[1:], Current: []rollout.Application{current[0], declared}, ETag: `"7"`},
			agent + "," + was},
		"removed": {rollout.WriteApplications{Applications: []rollout.Application{gone}, Current: current, ETag: `"7"`}, agent},
		"the last is removed": {rollout.WriteApplications{Applications: []rollout.Application{gone}, Current: current[1:], ETag: `"7"`},
			""},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeARM(t, answering(http.StatusOK, `{}`))
			if _, err := f.adapter.WriteApplications(context.Background(), web, c.step); err != nil {
				t.Fatal(err)
			}
			want := request{Method: "PATCH", Path: base, Query: version, IfMatch: `"7"`, Authorization: "Bearer " + secretToken,
				Body: `{"properties":{"virtualMachineProfile":{"applicationProfile":{"galleryApplications":[` + c.want + `]}}}}`}
			if diff := cmp.Diff(want, f.one(t)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestUnreadableEntryIsNotWritten: what was stored and is no entry ends the write before anything is sent.
func TestUnreadableEntryIsNotWritten(t *testing.T) {
	f := newFakeARM(t, answering(http.StatusOK, `{}`))
	step := rollout.WriteApplications{Current: []rollout.Application{{ID: webApplication, Entry: `"odd"`}}}
	if _, err := f.adapter.WriteApplications(context.Background(), web, step); err == nil || len(f.requests) > 0 {
		t.Errorf("%v, and %d requests", err, len(f.requests))
	}
}

// TestApplicationsOfAnInstance: the status of VMAppExtension tells the version and the result of each application. A failure is told in its
// words.
func TestApplicationsOfAnInstance(t *testing.T) {
	report := `Enable succeeded: {"CurrentState":[{"applicationName":"agent","version":"3.0.0","result":"Install SUCCESS"},` +
		`{"applicationName":"web","version":"1.1.0","result":"Install FAILED Error executing command 'exit 1': command terminated with exit ` +
		`status=1"}],"ActionsPerformed":[]}`
	both := []rollout.InstanceApplication{{Name: "agent", Version: "3.0.0"}, {Name: "web", Version: "1.1.0", Failed: true}}
	status := func(code, message string) string {
		text, _ := json.Marshal(message)
		return `"statuses":[{"code":"ProvisioningState/` + code + `","message":` + string(text) + `}]`
	}
	linux := `"name":"VMAppExtension","type":"Microsoft.CPlat.Core.VMApplicationManagerLinux",`
	for view, want := range map[string]rollout.InstanceReports{
		linux + status("succeeded", report): {Applications: both},
		`"type":"microsoft.cplat.core.vmapplicationmanagerwindows",` + status("succeeded", report): {Applications: both},
		`"name":"vmappextension",` + status("succeeded", report):                                   {Applications: both},
		`"name":"VMAppExtension","type":"Other.Kind",` + status("succeeded", report):               {},
		linux + status("succeeded", "Enable succeeded"):                                            {},
		linux + status("succeeded", "Enable succeeded: {not JSON"):                                 {},
		linux + `"statuses":[]`: {},
		linux + status("failed", report): {Applications: both, Message: "extension VMAppExtension failed: application web 1.1.0: Install " +
			"FAILED Error executing command 'exit 1': command terminated with exit status=1"},
		linux + status("failed", "no agent"): {Message: "extension VMAppExtension failed: no agent"},
	} {
		got := instanceFrom(t, `{"properties":{"instanceView":{"extensions":[{`+view+`}]}}}`)
		if diff := cmp.Diff(want, got.InstanceReports); diff != "" {
			t.Errorf("%s: %s", view, diff)
		}
	}
}
