package azuresim_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
)

// plantedAnswer is an answer such as Azure gives to PUT.
func plantedAnswer(t *testing.T) answer {
	t.Helper()
	body, err := decode([]byte(`{
		"name": "web", "etag": "\"3\"", "sku": {"name": "Standard_D2s_v3", "capacity": 3}, "zones": ["1", "2"],
		"properties": {
			"output": "Enable succeeded: \n[stdout]\nhi\n\n[stderr]\n", "provisioningState": "Updating",
			"overprovision": false, "uniqueId": "3b35c1c2-0000-4000-8000-00000000c11f",
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
	"nothing":        {func(*answer) {}, ""},
	"another status": {func(a *answer) { a.status = http.StatusCreated }, "status: recorded 200, served 201"},
	"a field's name": {func(a *answer) { rename(treeAt(a.body), "zones", "areas") }, "$.areas: served (array), not recorded"},
	"a field's casing": {func(a *answer) { rename(treeAt(a.body, "properties"), "uniqueId", "uniqueID") },
		"$.properties.uniqueID: served (string), not recorded, but uniqueId is"},
	"a field is missing": {func(a *answer) { delete(treeAt(a.body), "etag") }, "$.etag: recorded (string), not served"},
	"a field too many":   {func(a *answer) { treeAt(a.body, "sku")["family"] = "D" }, "$.sku.family: served (string), not recorded"},
	"a number as text":   {func(a *answer) { treeAt(a.body, "sku")["capacity"] = "3" }, "$.sku.capacity: recorded number, served string"},
	"text as a boolean":  {func(a *answer) { treeAt(a.body)["name"] = true }, "$.name: recorded string, served boolean"},
	"null":               {func(a *answer) { treeAt(a.body)["name"] = nil }, "$.name: recorded string, served nothing"},
	"an object as array": {func(a *answer) { treeAt(a.body)["sku"] = []any{} }, "$.sku: recorded object, served array"},
	"a value": {func(a *answer) { treeAt(a.body, "properties")["provisioningState"] = "Succeeded" },
		"$.properties.provisioningState: recorded Updating, served Succeeded"},
	"a value's casing": {func(a *answer) { treeAt(a.body, "properties")["provisioningState"] = "updating" },
		"$.properties.provisioningState: recorded Updating, served updating"},
	"another GUID": {func(a *answer) { treeAt(a.body, "properties")["uniqueId"] = "00000000-1111-4222-8333-444444444444" }, ""},
	"no GUID": {func(a *answer) { treeAt(a.body, "properties")["uniqueId"] = "one" },
		"$.properties.uniqueId: recorded {guid}, served one"},
	"another time": {func(a *answer) { treeAt(a.body, "properties")["timeCreated"] = "2026-01-02T03:04:05Z" }, ""},
	"no time": {func(a *answer) { treeAt(a.body, "properties")["timeCreated"] = "yesterday" },
		"$.properties.timeCreated: recorded {time}, served yesterday"},
	"another output": {func(a *answer) { setOutput(a, "Enable succeeded: \n[stdout]\n\n[stderr]\noops\n") }, ""},
	"no output": {func(a *answer) { setOutput(a, "Enable succeeded: \n[stdout]\nhi\n") },
		"$.properties.output: recorded Enable succeeded: \n[stdout]\n{output}\n[stderr]\n{output}, served Enable succeeded"},
	"fewer elements": {func(a *answer) { treeAt(a.body)["zones"] = []any{"1"} }, "$.zones: recorded 2 elements, served 1"},
	"deep in an array": {func(a *answer) { rename(treeAt(plantedExtension(a), "properties"), "type", "Type") },
		"$.properties.virtualMachineProfile.extensionProfile.extensions[0].properties.Type: served (string), not recorded, but type is"},
	"no body":             {func(a *answer) { a.body = nil }, "$: recorded object, served nothing"},
	"a header is missing": {func(a *answer) { delete(a.headers, "x-ms-request-id") }, "header x-ms-request-id: recorded, not served"},
	"a header's value":    {func(a *answer) { a.headers["x-ms-request-id"] = "two" }, ""},
	"a value that counts": {func(a *answer) { a.headers["x-ms-request-charge"] = "1" }, "header x-ms-request-charge: recorded 0, served 1"},
	"the transport's":     {func(a *answer) { delete(a.headers, "date") }, ""},
	"a Location too many": {func(a *answer) { a.headers["location"] = "https://management.azure.com/" },
		"header location: served, not recorded"},
	"a link's parameter": {func(a *answer) { a.headers["azure-asyncoperation"] += "&monitor=true" },
		"header azure-asyncoperation: recorded /subscriptions/{guid}/providers/"},
	"no link any more": {func(a *answer) { delete(a.headers, "azure-asyncoperation") }, "header azure-asyncoperation: recorded, not served"},
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
			found, _ := judge(plantedAnswer(t), served, nil, newBinding())
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
	if found, used := judge(plantedAnswer(t), served, exempt, newBinding()); len(found) > 0 || len(used) != 1 {
		t.Fatalf("found %v, used %v", found, used)
	}
	treeAt(served.body)["zones"] = []any{json.Number("7"), json.Number("8"), json.Number("9")}
	if found, _ := judge(plantedAnswer(t), served, exempt, newBinding()); !anyBegins(found, "$.zones[]: recorded string, served number") {
		t.Fatalf("found %v: elements may differ in number, not in kind", found)
	}
}

// Ids and times are what they were at first sight, and not others' either.
func TestJudgeBindsAtFirstSight(t *testing.T) {
	const (
		one, other, disk, moment = "3b35c1c2-0000-4000-8000-000000000001", "3b35c1c2-0000-4000-8000-000000000002",
			"web_web_0_OsDisk_1_3b35c1c200004000800000000000c11e", "2020-12-19T06:26:18.9899642+00:00"
		here, there, hereDisk, now = "00000000-1111-4222-8333-000000000001", "00000000-1111-4222-8333-000000000002",
			"web_web_0_OsDisk_1_00000000111142228333000000000001", "2026-01-02T03:04:05.1234567+00:00"
		scrubbed = "00000000-0000-0000-0000-000000000000"
	)
	for name, c := range map[string]struct{ recorded, served, found string }{
		"the same":                   {one, here, ""},
		"an id in capitals":          {strings.ToUpper(one), here, ""},
		"id changes at second sight": {one, there, "$.id: recorded " + one + " again, which was served as " + here + ", now " + there},
		"an id serves for another":   {other, here, "$.id: served " + here + " again, which was recorded as " + one + ", now " + other},
		"a new id":                   {other, there, ""},
		"a scrubbed id":              {scrubbed, here, ""},
		"a scrubbed id changes":      {scrubbed, there, ""},
		"an id in a path":            {"/disks/" + one, "/disks/" + there, "$.id: recorded " + one + " again"},
		"the same disk":              {disk, hereDisk, ""},
		"a disk changes": {disk, strings.Replace(hereDisk, "1_0000", "1_1111", 1),
			"$.id: recorded _3b35c1c200004000800000000000c11e again"},
		"the same time":          {moment, now, ""},
		"a time in another form": {"2020-12-19T06:26:18.9899642Z", now, ""},
		"time changes at second sight": {moment, "2026-01-02T03:04:06.1234567+00:00",
			"$.id: recorded " + moment + " again, which was served as 2026-01-02T03:04:05.1234567Z"},
		"a time serves for another": {"2020-12-19T06:26:23.9899642+00:00", now,
			"$.id: served " + now + " again, which was recorded as 2020-12-19T06:26:18.9899642Z"},
		"a time serves for its next":    {"2020-12-19T06:26:19.0181642+00:00", now, ""},
		"a time where there was an id":  {one, now, "$.id: recorded {guid}, served {time}"},
		"an id where there was another": {one + " " + other, here + " " + here, "$.id: served " + here + " again"},
	} {
		t.Run(name, func(t *testing.T) {
			bound := newBinding()
			for _, first := range [][2]string{{one, here}, {disk, hereDisk}, {moment, now}} {
				if found, _ := judge(answer{body: tree{"id": first[0]}}, answer{body: tree{"id": first[1]}}, nil, bound); len(found) > 0 {
					t.Fatalf("found %v at first sight", found)
				}
			}
			found, _ := judge(answer{body: tree{"id": c.recorded}}, answer{body: tree{"id": c.served}}, nil, bound)
			if (c.found == "") != (len(found) == 0) || c.found != "" && !anyBegins(found, c.found) {
				t.Fatalf("found %v, not %q", found, c.found)
			}
		})
	}
}

// An operation's status shows the id of its link.
func TestJudgeBindsLinks(t *testing.T) {
	bound := newBinding()
	if found, _ := judge(plantedAnswer(t), plantedAnswer(t), nil, bound); len(found) > 0 {
		t.Fatal(found)
	}
	status := func(id string) answer { return answer{body: tree{"name": id}} }
	const id = "3b35c1c2-0000-4000-8000-000000000001"
	if found, _ := judge(status(id), status("3b35c1c2-0000-4000-8000-000000000002"), nil, bound); !anyBegins(found,
		"$.name: recorded "+id+" again") {
		t.Fatalf("found %v", found)
	}
	moved := plantedAnswer(t)
	replace(moved.headers, "azure-asyncoperation", "000000000001", "000000000002")
	if found, _ := judge(plantedAnswer(t), moved, nil, bound); !anyBegins(found, "header azure-asyncoperation: recorded "+id+" again") {
		t.Fatalf("found %v", found)
	}
}

// Operations that are alike must have taken the same time.
func TestJudgeSeesDurations(t *testing.T) {
	status := func(ended string) answer {
		return answer{body: tree{"startTime": "2020-12-19T06:26:18.9899642+00:00", "endTime": ended}}
	}
	recorded := status("2020-12-19T06:28:31.303497+00:00")
	if found, _ := judge(recorded, status("2020-12-19T06:28:31.3034971+00:00"), nil, newBinding()); len(found) > 0 {
		t.Fatalf("found %v where times are only rounded", found)
	}
	if found, _ := judge(recorded, status("2020-12-19T06:28:31.304497+00:00"), nil, newBinding()); !anyBegins(found,
		"$.endTime: recorded after 2m12.3135328s") {
		t.Fatalf("found %v, not that it took longer", found)
	}
}

// A tape of the simulator's own answers is replayed without a difference. If any one thing is changed, the replay fails there.
func TestReplayFindsATamperedRecording(t *testing.T) {
	if sum := replayed(t, ownTape(t)); len(sum.failures) > 0 || sum.outcomes[judged] != len(ownTape(t).exchanges) {
		t.Fatalf("of the simulator's own answers %d were judged, and failed: %q", sum.outcomes[judged], sum.failures)
	}
	for name, tamper := range map[string]struct {
		line   int
		change func(*exchange)
		found  string
	}{
		"status": {1, func(e *exchange) { e.Status = http.StatusAccepted },
			"own:1: PUT providers/Microsoft.Compute/virtualMachineScaleSets/own: status"},
		"an end too early":             {2, func(e *exchange) { move(e, time.Hour) }, ": $.status: recorded InProgress, served Succeeded"},
		"an end too late":              {3, func(e *exchange) { move(e, -time.Hour) }, ": $.endTime: recorded (string), not served"},
		"id changes at second sight":   {4, func(e *exchange) { alter(e, "uniqueId") }, ": $.properties.uniqueId: served "},
		"time changes at second sight": {2, func(e *exchange) { alter(e, "startTime") }, ": $.startTime: served "},
		"header":                       {2, func(e *exchange) { e.ResponseHeaders["x-ms-new"] = "1" }, "header x-ms-new: recorded, not served"},
		"casing": {4, func(e *exchange) { swap(e, `"provisioningState"`, `"ProvisioningState"`) },
			"own:4: GET providers/Microsoft.Compute/virtualMachineScaleSets/own: $.properties.ProvisioningState"},
		"type": {5, func(e *exchange) { swap(e, `"latestModelApplied":true`, `"latestModelApplied":"true"`) },
			"$.value[0].properties.latestModelApplied: recorded string, served boolean"},
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

// alter changes the first digit of a member's value.
func alter(e *exchange, member string) {
	i := strings.Index(string(e.ResponseBody), `"`+member+`":"`) + len(member) + 4
	body := []byte(string(e.ResponseBody))
	body[i] ^= 1
	e.ResponseBody = body
}

// move makes an exchange's Date another one.
func move(e *exchange, d time.Duration) {
	date, _ := http.ParseTime(e.header("date"))
	e.ResponseHeaders["date"] = date.Add(d).Format(http.TimeFormat)
	delete(e.ResponseHeaders, "retry-after")
}

const (
	ownSet   = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/own"
	ownModel = `{"location":"westus","sku":{"name":"Standard_D2s_v3","capacity":2},"properties":{
		"overprovision":false,"upgradePolicy":{"mode":"Manual"},"virtualMachineProfile":{"storageProfile":{
		"imageReference":{"publisher":"Canonical","offer":"UbuntuServer","sku":"18.04-LTS","version":"latest"}}}}}`
)

// newRecorder is a player with a simulator to record, and no cassette.
func newRecorder(t *testing.T) *player {
	t.Helper()
	clock := &kernel.ManualClock{}
	p := &player{t: t, clock: clock, sim: azuresim.New(azuresim.Options{Clock: clock})}
	t.Cleanup(p.sim.Close)
	p.send(http.MethodPut, "/subscriptions/s/resourceGroups/g?api-version=2021-04-01", nil, []byte(`{"location":"westus"}`))
	return p
}

// write records a PUT of the scale set, and the status of its operation until that is over.
func (p *player) write(body string) []*exchange {
	begun := p.record(http.MethodPut, ownSet, []byte(body))
	status, _, _ := strings.Cut(strings.TrimPrefix(begun.header("azure-asyncoperation"), "https://management.azure.com"), "?")
	return append([]*exchange{begun}, p.look(status, status)...)
}

// look records GETs, half a minute apart.
func (p *player) look(paths ...string) []*exchange {
	var seen []*exchange
	for _, path := range paths {
		p.clock.Advance(30 * time.Second)
		seen = append(seen, p.record(http.MethodGet, path, nil))
	}
	return seen
}

func ownCassette(exchanges ...*exchange) cassette {
	for i, e := range exchanges {
		e.cassette, e.line = "own", i+1
	}
	return cassette{name: "own", exchanges: exchanges}
}

// ownTape holds the creation of a scale set, and reads of it, as the simulator answers them.
func ownTape(t *testing.T) cassette {
	t.Helper()
	recorder := newRecorder(t)
	return ownCassette(append(recorder.write(ownModel), recorder.look(ownSet, ownSet+"/virtualMachines")...)...)
}

// rewoundTape begins when the scale set is there, and shows the instances only after a write.
func rewoundTape(t *testing.T) cassette {
	t.Helper()
	recorder := newRecorder(t)
	recorder.write(ownModel)
	tape := recorder.look(ownSet)
	tape = append(tape, recorder.write(`{"location":"westus","properties":{"virtualMachineProfile":{"licenseType":"RHEL_BYOS"}}}`)...)
	return ownCassette(append(tape, recorder.look(ownSet+"/virtualMachines")...)...)
}

// An instance that is first seen after a write is made as it was before the write, and is judged by the write's effect on it.
func TestReplayRewinds(t *testing.T) {
	tape := rewoundTape(t)
	sum := replayed(t, tape)
	if len(sum.failures) > 0 || sum.outcomes[seeded] != 1 || sum.outcomes[judged] != len(tape.exchanges)-1 {
		t.Fatalf("%d seeded, %d were judged, failed: %q", sum.outcomes[seeded], sum.outcomes[judged], sum.failures)
	}
	list := tape.exchanges[len(tape.exchanges)-1]
	swap(list, `"latestModelApplied":false`, `"latestModelApplied":true`)
	const found = ": $.value[0].properties.latestModelApplied: recorded true, served false"
	if sum := replayed(t, tape); len(sum.failures) == 0 || !strings.Contains(sum.failures[0], found) {
		t.Fatalf("failures %q, none with %q", sum.failures, found)
	}
}

// record makes an exchange of an answer of the simulator.
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
