package azure

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

const (
	base = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/shop-rg/" +
		"providers/Microsoft.Compute/virtualMachineScaleSets/web"
	version = "api-version=2026-04-01"
)

// patched is the whole body of a PATCH of the image reference.
func patched(reference string) string {
	return `{"properties":{"virtualMachineProfile":{"storageProfile":{"imageReference":` + reference + `}}}}`
}

// put is the whole body of a PUT of the script extension.
func put(properties string) string { return `{"properties":{` + properties + `}}` }

// oddHandler is a handler with a combination of properties that no real extension has.
const oddHandler = rollout.ScriptHandler(
	`{"autoUpgradeMinorVersion":false,"provisionAfterExtensions":["a","b"],"publisher":"Microsoft.Compute","settings":{},` +
		`"suppressFailures":true,"type":"CustomScriptExtension","typeHandlerVersion":"1.9"}`)

// requests are the bytes that each effect sends.
var requests = map[string]struct {
	begin func(context.Context, *Adapter) (rollout.Accepted, error)
	want  request
}{
	"image by id": {
		func(ctx context.Context, a *Adapter) (rollout.Accepted, error) {
			return a.WriteImage(ctx, web, rollout.WriteImage{Image: rollout.Image{ID: "/i/2"}, ETag: `"7"`})
		},
		request{Method: "PATCH", Path: base, IfMatch: `"7"`, Body: patched(
			`{"communityGalleryImageId":null,"id":"/i/2","offer":null,"publisher":null,"sharedGalleryImageId":null,"sku":null,"version":null}`)},
	},
	"image of the marketplace, ETag unknown": {
		func(ctx context.Context, a *Adapter) (rollout.Accepted, error) {
			return a.WriteImage(ctx, web, rollout.WriteImage{Image: rollout.Image{Publisher: "p", Offer: "o", SKU: "s", Version: "1.2.3"}})
		},
		request{Method: "PATCH", Path: base, Body: patched(
			`{"communityGalleryImageId":null,"id":null,"offer":"o","publisher":"p","sharedGalleryImageId":null,"sku":"s","version":"1.2.3"}`)},
	},
	"image of a shared gallery": {
		func(ctx context.Context, a *Adapter) (rollout.Accepted, error) {
			return a.WriteImage(ctx, web, rollout.WriteImage{Image: rollout.Image{SharedGalleryID: "/g"}})
		},
		request{Method: "PATCH", Path: base, Body: patched(
			`{"communityGalleryImageId":null,"id":null,"offer":null,"publisher":null,"sharedGalleryImageId":"/g","sku":null,"version":null}`)},
	},
	"image of a community gallery": {
		func(ctx context.Context, a *Adapter) (rollout.Accepted, error) {
			return a.WriteImage(ctx, web, rollout.WriteImage{Image: rollout.Image{CommunityGalleryID: "/c"}})
		},
		request{Method: "PATCH", Path: base, Body: patched(
			`{"communityGalleryImageId":"/c","id":null,"offer":null,"publisher":null,"sharedGalleryImageId":null,"sku":null,"version":null}`)},
	},
	"first script": {
		func(ctx context.Context, a *Adapter) (rollout.Accepted, error) {
			return a.WriteScript(ctx, web, rollout.WriteScript{Script: rollout.Script{Command: "bash a.sh", URIs: []string{"https://x/a.sh"}}}, nil)
		},
		request{Method: "PUT", Path: base + "/extensions/vmssrollout-script", Body: put(
			`"autoUpgradeMinorVersion":true,"enableAutomaticUpgrade":false,"publisher":"Microsoft.Azure.Extensions",` +
				`"settings":{"commandToExecute":"bash a.sh",` +
				`"fileUris":["https://x/a.sh"]},"type":"CustomScript","typeHandlerVersion":"2.1"`)},
	},
	"script with the system's identity": {
		func(ctx context.Context, a *Adapter) (rollout.Accepted, error) {
			return a.WriteScript(ctx, web, rollout.WriteScript{Extension: "CSE", Handler: oddHandler,
				Script: rollout.Script{ManagedIdentity: &rollout.ManagedIdentity{}}}, nil)
		},
		request{Method: "PUT", Path: base + "/extensions/CSE", Body: put(
			`"autoUpgradeMinorVersion":false,"protectedSettings":{"managedIdentity":{}},` +
				`"provisionAfterExtensions":["a","b"],"publisher":"Microsoft.Compute","settings":{},"suppressFailures":true,` +
				`"type":"CustomScriptExtension","typeHandlerVersion":"1.9"`)},
	},
	"script with an identity and a Secret": {
		func(ctx context.Context, a *Adapter) (rollout.Accepted, error) {
			return a.WriteScript(ctx, web, rollout.WriteScript{Extension: "CSE", Handler: oddHandler,
				Script: rollout.Script{ManagedIdentity: &rollout.ManagedIdentity{ClientID: "c-1"}}}, map[string]any{"commandToExecute": "sh a.sh"})
		},
		request{Method: "PUT", Path: base + "/extensions/CSE", Body: put(
			`"autoUpgradeMinorVersion":false,"protectedSettings":{"commandToExecute":"sh a.sh","managedIdentity":{"clientId":"c-1"}},` +
				`"provisionAfterExtensions":["a","b"],"publisher":"Microsoft.Compute","settings":{},"suppressFailures":true,` +
				`"type":"CustomScriptExtension","typeHandlerVersion":"1.9"`)},
	},
	"script that is there": {
		func(ctx context.Context, a *Adapter) (rollout.Accepted, error) {
			return a.WriteScript(ctx, web, rollout.WriteScript{Extension: "CSE", ForceUpdateTag: "2", Handler: oddHandler},
				map[string]any{"commandToExecute": "bash a.sh --key hidden"})
		},
		request{Method: "PUT", Path: base + "/extensions/CSE", Body: put(
			`"autoUpgradeMinorVersion":false,"forceUpdateTag":"2","protectedSettings":{"commandToExecute":"bash a.sh --key hidden"},` +
				`"provisionAfterExtensions":["a","b"],"publisher":"Microsoft.Compute","settings":{},"suppressFailures":true,` +
				`"type":"CustomScriptExtension","typeHandlerVersion":"1.9"`)},
	},
	"removed script": {
		func(ctx context.Context, a *Adapter) (rollout.Accepted, error) {
			return a.RemoveScript(ctx, web, rollout.RemoveScript{Extension: "CSE"})
		},
		request{Method: "DELETE", Path: base + "/extensions/CSE"},
	},
	"applications": {
		func(ctx context.Context, a *Adapter) (rollout.Accepted, error) {
			return a.WriteApplications(ctx, web, rollout.WriteApplications{
				Applications: []rollout.Application{{ID: "/a/versions/1.0.0"}}, ETag: `"7"`})
		},
		request{Method: "PATCH", Path: base, IfMatch: `"7"`, Body: `{"properties":{"virtualMachineProfile":{"applicationProfile":` +
			`{"galleryApplications":[{"enableAutomaticUpgrade":false,"packageReferenceId":"/a/versions/1.0.0",` +
			`"treatFailureAsDeploymentFailure":true}]}}}}`},
	},
	"suspended repairs": {
		func(ctx context.Context, a *Adapter) (rollout.Accepted, error) { return a.SuspendRepairs(ctx, web) },
		request{Method: "POST", Path: base + "/setOrchestrationServiceState", Body: `{"action":"Suspend","serviceName":"AutomaticRepairs"}`},
	},
	"resumed repairs": {
		func(ctx context.Context, a *Adapter) (rollout.Accepted, error) { return a.ResumeRepairs(ctx, web) },
		request{Method: "POST", Path: base + "/setOrchestrationServiceState", Body: `{"action":"Resume","serviceName":"AutomaticRepairs"}`},
	},
	"upgrade": {
		func(ctx context.Context, a *Adapter) (rollout.Accepted, error) {
			return a.Upgrade(ctx, web, []rollout.Ref{{ID: "10", VMID: "x", Name: "web_10"}, {ID: "2"}})
		},
		request{Method: "POST", Path: base + "/manualupgrade", Body: `{"instanceIds":["10","2"]}`},
	},
	"reimage": {
		func(ctx context.Context, a *Adapter) (rollout.Accepted, error) {
			return a.Reimage(ctx, web, []rollout.Ref{{ID: "10"}, {ID: "2"}})
		},
		request{Method: "POST", Path: base + "/reimage", Body: `{"instanceIds":["10","2"]}`},
	},
}

// TestRequestsOfEffects holds every effect to the bytes it sends.
func TestRequestsOfEffects(t *testing.T) {
	for name, c := range requests {
		t.Run(name, func(t *testing.T) {
			status := http.StatusOK
			if c.want.Method == http.MethodPost || c.want.Method == http.MethodDelete {
				status = http.StatusAccepted
			}
			f := newFakeARM(t, accepting(status))
			begun, err := c.begin(context.Background(), f.adapter)
			if err != nil {
				t.Fatal(err)
			}
			c.want.Query, c.want.Authorization = version, "Bearer "+secretToken
			if diff := cmp.Diff(c.want, f.one(t)); diff != "" {
				t.Error(diff)
			}
			if begun.RetryAfter != 10*time.Second || !strings.Contains(begun.PollToken, "/operations/1?p=2") {
				t.Errorf("got %+v", begun)
			}
		})
	}
}

func TestEffectDoneAtOnce(t *testing.T) {
	f := newFakeARM(t, answering(http.StatusOK, `{"properties":{"provisioningState":"Succeeded"}}`))
	for name, begin := range effects {
		begun, err := begin(context.Background(), f.adapter)
		if err != nil || begun != (rollout.Accepted{}) {
			t.Errorf("%s: got %+v, %v", name, begun, err)
		}
	}
	if got := len(f.seen()); got != len(effects) {
		t.Errorf("want one request an effect, got %d", got)
	}
}

// TestRefusedBatches holds that nothing is sent that could touch other instances than those chosen.
func TestRefusedBatches(t *testing.T) {
	many := make([]rollout.Ref, maxInstances+1)
	for i := range many {
		many[i].ID = fmt.Sprint(i)
	}
	f := newFakeARM(t, accepting(http.StatusAccepted))
	for name, refs := range map[string][]rollout.Ref{
		"nil":        nil,
		"none":       {},
		"all":        {{ID: "*"}},
		"all hidden": {{ID: "1"}, {ID: "*"}},
		"empty id":   {{ID: "1"}, {ID: ""}},
		"space":      {{ID: " "}},
		"list":       {{ID: "1,2"}},
		"path":       {{ID: "1/../2"}},
		"newline":    {{ID: "1\n"}},
		"twice":      {{ID: "1"}, {ID: "2"}, {ID: "1"}},
		"case":       {{ID: "web_A"}, {ID: "web_a"}},
		"too many":   many,
		"too long":   {{ID: strings.Repeat("1", 200)}},
	} {
		for what, begin := range map[string]func(context.Context, rollout.ScaleSet, []rollout.Ref) (rollout.Accepted, error){
			"upgrade": f.adapter.Upgrade, "reimage": f.adapter.Reimage,
		} {
			begun, err := begin(context.Background(), web, refs)
			if p := problemOf(t, err); p.Kind != rollout.KindInvalid || begun != (rollout.Accepted{}) {
				t.Errorf("%s, %s: %+v", what, name, p)
			}
		}
	}
	if got := f.seen(); len(got) != 0 {
		t.Errorf("nothing may be sent, got %+v", got)
	}
	if _, err := f.adapter.Upgrade(context.Background(), web, many[:maxInstances]); err != nil {
		t.Errorf("%d instances are allowed: %v", maxInstances, err)
	}
}

func TestRefusedWrites(t *testing.T) {
	f := newFakeARM(t, accepting(http.StatusOK))
	_, err := f.adapter.WriteImage(context.Background(), web, rollout.WriteImage{ETag: "x"})
	if p := problemOf(t, err); p.Kind != rollout.KindInvalid {
		t.Errorf("%+v", p)
	}
	_, err = f.adapter.WriteScript(context.Background(), web, rollout.WriteScript{Extension: "../../x"}, nil)
	if p := problemOf(t, err); p.Kind != rollout.KindInvalid {
		t.Errorf("%+v", p)
	}
	for _, name := range []string{"", " ", "..", "a/b", "*?x"} {
		begun, err := f.adapter.RemoveScript(context.Background(), web, rollout.RemoveScript{Extension: name})
		if p := problemOf(t, err); p.Kind != rollout.KindInvalid || begun != (rollout.Accepted{}) {
			t.Errorf("removing %q: %+v", name, p)
		}
	}
	if got := f.seen(); len(got) != 0 {
		t.Errorf("nothing may be sent, got %+v", got)
	}
}

// TestRemovingWhatIsGone tells an extension that is gone from a scale set that is.
func TestRemovingWhatIsGone(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		want   rollout.Kind // "": done
	}{
		"no content": {http.StatusNoContent, "", ""},
		"extension":  {http.StatusNotFound, errorBody("NotFound", "The entity was not found in this Azure location."), ""},
		"by its id": {http.StatusNotFound, errorBody("ResourceNotFound",
			"The Resource 'Microsoft.Compute/virtualMachineScaleSets/web/extensions/CSE' was not found."), ""},
		"scale set": {http.StatusNotFound, errorBody("ResourceNotFound",
			"The Resource 'Microsoft.Compute/virtualMachineScaleSets/web' was not found."), rollout.KindNotFound},
		"parent":          {http.StatusNotFound, errorBody("ParentResourceNotFound", "x"), rollout.KindNotFound},
		"group":           {http.StatusNotFound, errorBody("ResourceGroupNotFound", "x"), rollout.KindNotFound},
		"no reason given": {http.StatusNotFound, "", rollout.KindNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeARM(t, answering(c.status, c.body))
			begun, err := effects["RemoveScript"](context.Background(), f.adapter)
			if begun != (rollout.Accepted{}) {
				t.Errorf("got %+v", begun)
			}
			if c.want == "" && err != nil || c.want != "" && problemOf(t, err).Kind != c.want {
				t.Errorf("want %q, got %v", c.want, err)
			}
			f.one(t)
		})
	}
}

// TestProtectedSettingsAppearInNoError echoes what was sent in every way an error can.
func TestProtectedSettingsAppearInNoError(t *testing.T) {
	protected := map[string]any{
		"commandToExecute":   "bash deploy.sh --license hunter2hunter2",
		"storageAccountName": "shopstorage",
		"nested":             map[string]any{"list": []any{"in-a-list", []string{"in-strings"}}},
		"number":             42,
	}
	for _, echo := range []string{
		"cannot run bash deploy.sh --license hunter2hunter2",
		"cannot run 'hunter2hunter2'",
		"account shopstorage, in-a-list and in-strings",
	} {
		f := newFakeARM(t, answering(http.StatusBadRequest, errorBody("Invalid-hunter2hunter2", echo)))
		_, err := f.adapter.WriteScript(context.Background(), web, rollout.WriteScript{}, protected)
		p := problemOf(t, err)
		for _, secret := range []string{"hunter2", "deploy.sh", "shopstorage", "in-a-list", "in-strings"} {
			if strings.Contains(err.Error()+p.Remediation, secret) {
				t.Errorf("%q appears in %v", secret, err)
			}
		}
	}
}
