package azure

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

const throttledBody = `{"code":"OperationNotAllowed",
 "message":"The server rejected the request because too many requests have been received for this subscription.",
 "details":[{"code":"TooManyRequests","target":"HighCostGetVMScaleSet30Min",
  "message":"{\"operationGroup\":\"HighCostGetVMScaleSet30Min\"}"}]}`

// same says that a read meets the same kind as an effect.
const same = rollout.Kind("")

// answers are what Azure may answer, with the kind each is of for an effect and for a read.
var answers = map[string]struct {
	status int
	body   string
	effect rollout.Kind
	read   rollout.Kind
}{
	"throttled":                {429, throttledBody, rollout.KindThrottled, same},
	"throttled without a body": {429, "", rollout.KindThrottled, same},
	"throttled by policy":      {429, errorBody("ResourceReadFailed", "x"), rollout.KindThrottled, same},
	"throttled in the details": {409, throttledBody, rollout.KindThrottled, same},
	"quota": {409, errorBody("OperationNotAllowed",
		"Operation could not be completed as it results in exceeding approved Total Regional Cores quota."), rollout.KindQuota, same},
	"ten models": {400, errorBody("BadRequest",
		"The Virtual Machine Scale Set has reached its limit of 10 models that may be referenced by one or more VMs"), rollout.KindQuota, same},
	"marked for deletion": {409, errorBody("OperationNotAllowed",
		"Operation 'Update' is not allowed on Virtual Machine Scale Set 'x' since it is marked for deletion."), rollout.KindDeleting, same},
	"not allowed now": {409, errorBody("OperationNotAllowed", "Another operation is running."), rollout.KindConflict, same},
	"conflict": {409, errorBody("Conflict", "The request failed due to conflict with a concurrent request."),
		rollout.KindConflict, same},
	"refused without a code": {409, "", rollout.KindInvalid, same},
	"concurrent write":       {409, errorBody("ConflictingConcurrentWriteNotAllowed", "x"), rollout.KindConflict, same},
	"preempted":              {409, errorBody("OperationPreempted", "x"), rollout.KindPreempted, same},
	"etag": {412, errorBody("PreconditionFailed",
		`Etag provided in if-match header "invalid" does not match etag "1" of resource.`), rollout.KindPreconditionFailed, same},
	"etag without a body": {412, "", rollout.KindPreconditionFailed, same},
	"instance gone": {400, errorBody("InvalidParameter",
		"The provided instanceId 2143 is not an active Virtual Machine Scale Set VM instanceId."), rollout.KindInstanceGone, same},
	"instance id not a number": {400, errorBody("InvalidParameter", "Virtual Machine Scale Set VM instanceId must be a number."),
		rollout.KindInvalid, same},
	"property cannot change": {409, errorBody("PropertyChangeNotAllowed", "Changing property 'customData' is not allowed."),
		rollout.KindInvalid, same},
	"image not found":          {404, errorBody("ImageNotFound", "x"), rollout.KindInvalid, same},
	"platform image not found": {404, errorBody("PlatformImageNotFound", "x"), rollout.KindInvalid, same},
	"gallery image not found":  {404, errorBody("GalleryImageNotFound", "x"), rollout.KindInvalid, same},
	"image resource not found": {404, errorBody("ResourceNotFound",
		"The Resource 'Microsoft.Compute/images/x' under resource group 'rg' was not found."), rollout.KindInvalid, same},
	"image reference invalid": {400, errorBody("InvalidParameter", "The value of parameter imageReference.id is invalid."),
		rollout.KindInvalid, same},
	"scale set not found": {404, errorBody("ResourceNotFound",
		"The Resource 'Microsoft.Compute/virtualMachineScaleSets/x' under resource group 'rg' was not found."), rollout.KindNotFound, same},
	"parent not found": {404, errorBody("ParentResourceNotFound", "x"), rollout.KindNotFound, same},
	"group not found": {404, errorBody("ResourceGroupNotFound", "Resource group 'rg' could not be found."), rollout.KindNotFound,
		same},
	"subscription not found":      {404, errorBody("SubscriptionNotFound", "x"), rollout.KindNotFound, same},
	"provider not registered":     {409, errorBody("MissingSubscriptionRegistration", "x"), rollout.KindInvalid, same},
	"token expired":               {401, errorBody("ExpiredAuthenticationToken", "x"), rollout.KindUnauthorized, same},
	"token invalid":               {401, errorBody("InvalidAuthenticationToken", "x"), rollout.KindUnauthorized, same},
	"unauthorized without a body": {401, "", rollout.KindUnauthorized, same},
	"forbidden":                   {403, errorBody("AuthorizationFailed", "x"), rollout.KindForbidden, same},
	"forbidden without a body":    {403, "", rollout.KindForbidden, same},
	"locked":                      {409, errorBody("ScopeLocked", "x"), rollout.KindForbidden, same},
	"subscription disabled":       {409, errorBody("ReadOnlyDisabledSubscription", "x"), rollout.KindForbidden, same},
	"policy":                      {403, errorBody("RequestDisallowedByPolicy", "x"), rollout.KindInvalid, same},
	"bad request":                 {400, errorBody("BadRequest", "x"), rollout.KindInvalid, same},
	"unknown refusal":             {422, errorBody("NeverHeardOf", "x"), rollout.KindInvalid, same},
	"request timeout":             {408, "", rollout.KindAmbiguous, rollout.KindTransient},
	"internal error":              {500, errorBody("InternalServerError", "x"), rollout.KindAmbiguous, rollout.KindTransient},
	"bad gateway":                 {502, "<html>bad gateway</html>", rollout.KindAmbiguous, rollout.KindTransient},
	"unavailable, not saying why": {503, "", rollout.KindAmbiguous, rollout.KindTransient},
	"unavailable, busy":           {503, errorBody("ServerBusy", "x"), rollout.KindTransient, same},
	"unavailable":                 {503, errorBody("ServiceUnavailable", "x"), rollout.KindTransient, same},
	"unavailable after a timeout": {503, errorBody("ServerTimeout", "x"), rollout.KindAmbiguous, rollout.KindTransient},
	"gateway timeout":             {504, errorBody("GatewayTimeout", "x"), rollout.KindAmbiguous, rollout.KindTransient},
	"redirected":                  {307, "", rollout.KindAmbiguous, rollout.KindTransient},
	"unexpected success":          {206, "{}", rollout.KindAmbiguous, rollout.KindTransient},
	"truncated error":             {400, `{"error":{"code":"Inval`, rollout.KindInvalid, same},
	"odd details keep the code": {409, `{"error":{"code":"OperationNotAllowed","message":"exceeding quota","details":"odd"}}`,
		rollout.KindQuota, same},
	"odd error leaves the status": {404, `{"error":"not an object"}`, rollout.KindNotFound, same},
	"code in another case":        {409, errorBody("operationnotallowed", "exceeding QUOTA"), rollout.KindQuota, same},
	"unwrapped":                   {409, `{"code":"ScopeLocked","message":"x"}`, rollout.KindForbidden, same},
	"details say what the top not": {400, `{"error":{"code":"BadRequest","message":"x","details":[null,{"code":"QuotaExceeded"}]}}`,
		rollout.KindQuota, same},
}

// TestErrorTable sends each answer to a read and to an effect.
func TestErrorTable(t *testing.T) {
	for name, c := range answers {
		t.Run(name, func(t *testing.T) {
			f := newFakeARM(t, answering(c.status, c.body, "Location", "http://elsewhere.example/signed"))
			for effect, begin := range effects {
				_, err := begin(context.Background(), f.adapter)
				if got := problemOf(t, err).Kind; got != c.effect {
					t.Errorf("%s: want %s, got %s", effect, c.effect, got)
				}
			}
			want := c.read
			if want == same {
				want = c.effect
			}
			_, err := f.adapter.Model(context.Background(), web)
			if got := problemOf(t, err).Kind; got != want {
				t.Errorf("Model: want %s, got %s", want, got)
			}
			instances, err := f.adapter.Instances(context.Background(), web)
			if got := problemOf(t, err).Kind; got != want || instances != nil {
				t.Errorf("Instances: want %s and nothing, got %s and %v", want, got, instances)
			}
			_, err = f.adapter.Metric(context.Background(), web, "", "", "", cpu, "Average", time.Minute)
			if got := problemOf(t, err).Kind; got != want {
				t.Errorf("Metric: want %s, got %s", want, got)
			}
			addresses, err := f.adapter.lookup.Read(context.Background(), web, rollout.OrchestrationUniform)
			if got := problemOf(t, err).Kind; got != want || addresses != nil {
				t.Errorf("Addresses: want %s and nothing, got %s and %v", want, got, addresses)
			}
			if got := len(f.seen()); got != len(effects)+4 {
				t.Errorf("want one request a call and no retries, got %d requests", got)
			}
		})
	}
}

// TestProblemTellsWhatAndWhere holds messages to what a person needs.
func TestProblemTellsWhatAndWhere(t *testing.T) {
	metric.Fault(t, 23)
	f := newFakeARM(t, answering(http.StatusForbidden, errorBody("AuthorizationFailed",
		"The client 'c' with object id '11111111-2222-3333-4444-555555555555' does not have authorization to perform action "+
			"'Microsoft.Compute/virtualMachineScaleSets/manualUpgrade/action' over scope '/subscriptions/s' or the scope is invalid.")))
	_, err := f.adapter.Upgrade(context.Background(), web, []rollout.Ref{{ID: "0"}, {ID: "3"}})
	p := problemOf(t, err)
	if want := `upgrading instances 0,` +
		` 3 of scale set "shop-rg/web": the identity lacks the permission ` +
		`Microsoft.Compute/virtualMachineScaleSets/manualUpgrade/action: `; !strings.HasPrefix(p.Message, want) {
		t.Errorf("message: %s", p.Message)
	}
	want := "az role assignment create --assignee-object-id 11111111-2222-3333-4444-555555555555 --assignee-principal-type ServicePrincipal" +
		" --role 'VMSS Rollouts' --scope " + web.ID()
	if p.Remediation != want || p.Code != "AuthorizationFailed" {
		t.Errorf("code %s, remediation: %s", p.Code, p.Remediation)
	}
}

func TestRemediations(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		want   string
	}{
		"not found": {404, errorBody("ResourceGroupNotFound", "x"),
			"az vmss show --subscription 00000000-0000-0000-0000-000000000001 --resource-group shop-rg --name web"},
		"linked": {403, errorBody("LinkedAuthorizationFailed",
			"The client has permission to perform action 'Microsoft.Compute/virtualMachineScaleSets/write' on scope '/a'; however, it does not "+
				"have permission to perform action(s) 'Microsoft.Compute/images/read' on the linked scope(s) "+
				"'/subscriptions/s/resourceGroups/r/providers/Microsoft.Compute/images/i' (respectively)."),
			"az role assignment create --assignee-object-id OBJECT_ID --assignee-principal-type ServicePrincipal --role Reader --scope " +
				"/subscriptions/s/resourceGroups/r/providers/Microsoft.Compute/images/i"},
		"linked, to join": {403, errorBody("LinkedAuthorizationFailed",
			"The client has permission to perform action 'Microsoft.Network/loadBalancers/write' on scope '/a'; however, it does not have "+
				"permission to perform action 'Microsoft.Network/publicIPAddresses/join/action' on the linked scope(s) "+
				"'/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/publicIPAddresses/ip' or the linked scope(s) are invalid."),
			"az role assignment create --assignee-object-id OBJECT_ID --assignee-principal-type ServicePrincipal " +
				"--role 'Network Contributor' --scope /subscriptions/s/resourceGroups/r/providers/Microsoft.Network/publicIPAddresses/ip"},
		"locked": {409, errorBody("ScopeLocked", "x"),
			"az lock list --subscription 00000000-0000-0000-0000-000000000001 --resource-group shop-rg"},
		"register": {409, errorBody("SubscriptionNotRegistered", "x"),
			"az provider register --namespace Microsoft.Compute --subscription 00000000-0000-0000-0000-000000000001"},
		"ten models": {400, errorBody("x", "limit of 10 models"),
			"az vmss update-instances --subscription 00000000-0000-0000-0000-000000000001 --resource-group shop-rg --name web --instance-ids " +
				"OLDEST_INSTANCE_IDS"},
		"none": {400, errorBody("x", "y"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeARM(t, answering(c.status, c.body))
			_, err := f.adapter.Model(context.Background(), web)
			if p := problemOf(t, err); p.Remediation != c.want {
				t.Errorf("want %s\n got %s", c.want, p.Remediation)
			}
		})
	}
}

func TestQuote(t *testing.T) {
	for in, want := range map[string]string{"shop-rg": "shop-rg", "my group": "'my group'", "a'b": `'a'\''b'`, "$(x)": "'$(x)'", "": "''"} {
		if got := rollout.ShellWord(in); got != want {
			t.Errorf("%q: want %s, got %s", in, want, got)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	const date = "Mon, 01 Aug 2022 03:31:02 GMT"
	for name, c := range map[string]struct {
		headers []string
		want    time.Duration
	}{
		"none":             {nil, 0},
		"seconds":          {[]string{"Retry-After", "97"}, 97 * time.Second},
		"milliseconds":     {[]string{"retry-after-ms", "1500", "Retry-After", "97"}, 1500 * time.Millisecond},
		"ms milliseconds":  {[]string{"x-ms-retry-after-ms", "250"}, 250 * time.Millisecond},
		"date":             {[]string{"Date", date, "Retry-After", "Mon, 01 Aug 2022 03:33:02 GMT"}, 2 * time.Minute},
		"date in the past": {[]string{"Date", date, "Retry-After", "Mon, 01 Aug 2022 03:31:00 GMT"}, 0},
		"rubbish":          {[]string{"Retry-After", "soon"}, 0},
		"negative":         {[]string{"Retry-After", "-5"}, 0},
		"not a number":     {[]string{"Retry-After", "NaN"}, 0},
		"absurd":           {[]string{"Retry-After", "99999999999999999999"}, 24 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeARM(t, answering(http.StatusTooManyRequests, throttledBody, c.headers...))
			_, err := f.adapter.Model(context.Background(), web)
			if got := problemOf(t, err).RetryAfter; got != c.want {
				t.Errorf("want %s, got %s", c.want, got)
			}
		})
	}
}
