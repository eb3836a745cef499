package azuresim_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim"
)

// plantedAnswer is an answer such as Azure gives to PUT.
func plantedAnswer(t *testing.T) answer {
	t.Helper()
	body, err := decode([]byte(`{
		"name": "web", "etag": "\"3\"", "sku": {"name": "Standard_D2s_v3", "capacity": 3}, "zones": ["1", "2"],
		"properties": {
			"output": "Enable succeeded: \n[stdout]\nhi\n\n[stderr]\n", "provisioningState": "Updating", "overprovision": false, "uniqueId": "3b35c1c2-0000-4000-8000-00000000c11e",
			"timeCreated": "2020-12-19T06:26:18.9899642+00:00",
			"virtualMachineProfile": {"extensionProfile": {"extensions": [{"name": "a", "properties": {"type": "CustomScript"}}]}}
		}
	}`))
	if err != nil {
		t.Fatal(err)
	}
	return answer{status: http.StatusOK, body: body, headers: map[string]string{
		"content-type": "application/json; charset=utf-8", "x-ms-request-charge": "0", "x-ms-request-id": "one", "date": "today",
		"azure-asyncoperation": "https://management.azure.com/subscriptions/3b35c1c2-0000-4000-8000-00000000c11e" +
			"/providers/Microsoft.Compute/locations/westus/operations/3b35c1c2-0000-4000-8000-000000000001?api-version=2020-06-01",
	}}
}

// planted are changes to a served answer, with where the judge must find them.
var planted = map[string]struct {
	change func(*answer)
	found  string // a difference's beginning; empty: none
}{
	"nothing":            {func(*answer) {}, ""},
	"another status":     {func(a *answer) { a.status = http.StatusCreated }, "status: recorded 200, served 201"},
	"a field's name":     {func(a *answer) { rename(treeAt(a.body), "zones", "areas") }, "$.areas: served (array), not recorded"},
	"a field's casing":   {func(a *answer) { rename(treeAt(a.body, "properties"), "uniqueId", "uniqueID") }, "$.properties.uniqueID: served (string), not recorded, but uniqueId is"},
	"a field is missing": {func(a *answer) { delete(treeAt(a.body), "etag") }, "$.etag: recorded (string), not served"},
	"a field too many":   {func(a *answer) { treeAt(a.body, "sku")["family"] = "D" }, "$.sku.family: served (string), not recorded"},
	"a number as text":   {func(a *answer) { treeAt(a.body, "sku")["capacity"] = "3" }, "$.sku.capacity: recorded number, served string"},
	"text as a boolean":  {func(a *answer) { treeAt(a.body)["name"] = true }, "$.name: recorded string, served boolean"},
	"null":               {func(a *answer) { treeAt(a.body)["name"] = nil }, "$.name: recorded string, served nothing"},
	"an object as array": {func(a *answer) { treeAt(a.body)["sku"] = []any{} }, "$.sku: recorded object, served array"},
	"a value":            {func(a *answer) { treeAt(a.body, "properties")["provisioningState"] = "Succeeded" }, "$.properties.provisioningState: recorded Updating, served Succeeded"},
	"a value's casing":   {func(a *answer) { treeAt(a.body, "properties")["provisioningState"] = "updating" }, "$.properties.provisioningState: recorded Updating, served updating"},
	"another GUID":       {func(a *answer) { treeAt(a.body, "properties")["uniqueId"] = "00000000-1111-4222-8333-444444444444" }, ""},
	"no GUID":            {func(a *answer) { treeAt(a.body, "properties")["uniqueId"] = "one" }, "$.properties.uniqueId: recorded {guid}, served one"},
	"another time":       {func(a *answer) { treeAt(a.body, "properties")["timeCreated"] = "2026-01-02T03:04:05Z" }, ""},
	"no time":            {func(a *answer) { treeAt(a.body, "properties")["timeCreated"] = "yesterday" }, "$.properties.timeCreated: recorded {time}, served yesterday"},
	"another output":     {func(a *answer) { setOutput(a, "Enable succeeded: \n[stdout]\n\n[stderr]\noops\n") }, ""},
	"no output":          {func(a *answer) { setOutput(a, "Enable succeeded: \n[stdout]\nhi\n") }, "$.properties.output: recorded Enable succeeded: \n[stdout]\n{output}\n[stderr]\n{output}, served Enable succeeded"},
	"fewer elements":     {func(a *answer) { treeAt(a.body)["zones"] = []any{"1"} }, "$.zones: recorded 2 elements, served 1"},
	"deep in an array": {func(a *answer) { rename(treeAt(plantedExtension(a), "properties"), "type", "Type") },
		"$.properties.virtualMachineProfile.extensionProfile.extensions[0].properties.Type: served (string), not recorded, but type is"},
	"no body":             {func(a *answer) { a.body = nil }, "$: recorded object, served nothing"},
	"a header is missing": {func(a *answer) { delete(a.headers, "x-ms-request-id") }, "header x-ms-request-id: recorded, not served"},
	"a header's value":    {func(a *answer) { a.headers["x-ms-request-id"] = "two" }, ""},
	"a value that counts": {func(a *answer) { a.headers["x-ms-request-charge"] = "1" }, "header x-ms-request-charge: recorded 0, served 1"},
	"the transport's":     {func(a *answer) { delete(a.headers, "date") }, ""},
	"a Location too many": {func(a *answer) { a.headers["location"] = "https://management.azure.com/" }, "header location: served, not recorded"},
	"a link's parameter":  {func(a *answer) { a.headers["azure-asyncoperation"] += "&monitor=true" }, "header azure-asyncoperation: recorded /subscriptions/{guid}/providers/"},
	"no link any more":    {func(a *answer) { delete(a.headers, "azure-asyncoperation") }, "header azure-asyncoperation: recorded, not served"},
	"a link's other path": {func(a *answer) {
		a.headers["azure-asyncoperation"] = "https://management.azure.com/operations?api-version=1"
	}, "header azure-asyncoperation: recorded /subscriptions/{guid}/providers/"},
	"another host's link":  {func(a *answer) { replace(a.headers, "azure-asyncoperation", "management.azure.com", "127.0.0.1:8443") }, ""},
	"another operation's":  {func(a *answer) { replace(a.headers, "azure-asyncoperation", "000000000001", "000000000002") }, ""},
	"a header not awaited": {func(a *answer) { a.headers["retry-after"] = "10" }, ""},
}

func setOutput(a *answer, message string) { treeAt(a.body, "properties")["output"] = message }

func rename(o tree, from, to string) {
	o[to] = o[from]
	delete(o, from)
}

func replace(headers map[string]string, name, from, to string) {
	headers[name] = strings.ReplaceAll(headers[name], from, to)
}

func plantedExtension(a *answer) any {
	return listAt(a.body, "properties", "virtualMachineProfile", "extensionProfile", "extensions")[0]
}

// The judge must see a planted difference, and only that.
func TestJudgeSeesWhatIsPlanted(t *testing.T) {
	for name, plant := range planted {
		t.Run(name, func(t *testing.T) {
			served := plantedAnswer(t)
			plant.change(&served)
			found, _ := judge(plantedAnswer(t), served, nil)
			switch {
			case plant.found == "" && len(found) > 0:
				t.Fatalf("found %v where nothing counts", found)
			case plant.found != "" && !anyBegins(found, plant.found):
				t.Fatalf("found %v, not %q", found, plant.found)
			}
		})
	}
}

func anyBegins(found []difference, beginning string) bool {
	for _, d := range found {
		if strings.HasPrefix(d.String(), beginning) {
			return true
		}
	}
	return false
}

// An exception lets one thing pass, and nothing beside it.
func TestExceptionsCoverOnePath(t *testing.T) {
	served := plantedAnswer(t)
	treeAt(served.body)["zones"] = []any{"7", "8", "9"}
	exempt := []exception{{path: "$.zones"}}
	if found, used := judge(plantedAnswer(t), served, exempt); len(found) > 0 || len(used) != 1 {
		t.Fatalf("found %v, used %v", found, used)
	}
	treeAt(served.body)["zones"] = []any{json.Number("7"), json.Number("8"), json.Number("9")}
	if found, _ := judge(plantedAnswer(t), served, exempt); !anyBegins(found, "$.zones[]: recorded string, served number") {
		t.Fatalf("found %v: elements may differ in number, not in kind", found)
	}
}

// What the simulator itself answered is replayed without a difference; with
// any one thing changed, it fails where that is.
func TestReplayFindsATamperedRecording(t *testing.T) {
	if sum := replayed(t, ownTape(t)); len(sum.failures) > 0 || sum.outcomes[judged] != len(ownTape(t).exchanges) {
		t.Fatalf("of the simulator's own answers %d were judged, and failed: %q", sum.outcomes[judged], sum.failures)
	}
	for name, tamper := range map[string]struct {
		line   int
		change func(*exchange)
		found  string
	}{
		"status": {1, func(e *exchange) { e.Status = http.StatusAccepted }, "own:1: PUT providers/Microsoft.Compute/virtualMachineScaleSets/own: status"},
		"header": {2, func(e *exchange) { e.ResponseHeaders["x-ms-new"] = "1" }, "header x-ms-new: recorded, not served"},
		"casing": {3, func(e *exchange) { swap(e, `"provisioningState"`, `"ProvisioningState"`) }, "own:3: GET providers/Microsoft.Compute/virtualMachineScaleSets/own: $.properties.ProvisioningState"},
		"type":   {4, func(e *exchange) { swap(e, `"latestModelApplied":true`, `"latestModelApplied":"true"`) }, "$.value[0].properties.latestModelApplied: recorded string, served boolean"},
	} {
		t.Run(name, func(t *testing.T) {
			tape := ownTape(t)
			tamper.change(tape.exchanges[tamper.line-1])
			sum := replayed(t, tape)
			if len(sum.failures) == 0 || !strings.Contains(sum.failures[0], tamper.found) {
				t.Fatalf("failures %q, none with %q", sum.failures, tamper.found)
			}
		})
	}
}

func replayed(t *testing.T, tape cassette) *tally {
	sum := newTally()
	sum.play(t, tape)
	return sum
}

func swap(e *exchange, from, to string) {
	e.ResponseBody = []byte(strings.ReplaceAll(string(e.ResponseBody), from, to))
}

// ownTape is a creation of a scale set, and looks at it, as the simulator answers.
func ownTape(t *testing.T) cassette {
	t.Helper()
	const set = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/own"
	clock := &azuresim.ManualClock{}
	recorder := &player{t: t, clock: clock, sim: azuresim.New(azuresim.Options{Clock: clock})}
	defer recorder.sim.Close()
	recorder.send(http.MethodPut, "/subscriptions/s/resourceGroups/g?api-version=2021-04-01", nil, []byte(`{"location":"westus"}`))
	created := recorder.record(http.MethodPut, set, []byte(`{"location":"westus","sku":{"name":"Standard_D2s_v3","capacity":2},"properties":{
		"overprovision":false,"upgradePolicy":{"mode":"Manual"},"virtualMachineProfile":{"storageProfile":{
		"imageReference":{"publisher":"Canonical","offer":"UbuntuServer","sku":"18.04-LTS","version":"latest"}}}}}`))
	clock.Advance(longEnough)
	status, _, _ := strings.Cut(strings.TrimPrefix(created.header("azure-asyncoperation"), "https://management.azure.com"), "?")
	tape := cassette{name: "own", exchanges: []*exchange{
		created, recorder.record(http.MethodGet, status, nil), recorder.record(http.MethodGet, set, nil),
		recorder.record(http.MethodGet, set+"/virtualMachines", nil),
	}}
	for i, e := range tape.exchanges {
		e.cassette, e.line = tape.name, i+1
	}
	return tape
}

// record makes an exchange of what the simulator answers.
func (p *player) record(method, path string, body []byte) *exchange {
	const query = "api-version=2020-06-01"
	a := p.send(method, path+"?"+query, nil, body)
	e := &exchange{
		Method: method, Path: path, Query: query, RequestBody: body, Status: a.status,
		ResponseHeaders: map[string]any{}, ResponseBody: p.encode(a.body),
	}
	for name, value := range a.headers {
		e.ResponseHeaders[name] = value
	}
	return e
}
