package azure

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// sentCommand is a run command as it was sent.
type sentCommand struct {
	CommandID string
	Script    []string
}

func commandIn(t *testing.T, body string) sentCommand {
	t.Helper()
	var sent sentCommand
	if err := json.Unmarshal([]byte(body), &sent); err != nil {
		t.Fatal(err)
	}
	return sent
}

// windowsReport is the report of the agent of a Windows instance: a status for each stream.
func windowsReport(sent sentCommand, stdout string, code int) string {
	_, after, _ := strings.Cut(strings.Join(sent.Script, "\n"), "$env:TEMP ('")
	marker, _, _ := strings.Cut(after, "'")
	report, _ := json.Marshal(map[string]any{"value": []any{
		map[string]any{"code": "ComponentStatus/StdOut/succeeded", "message": stdout},
		map[string]any{"code": "ComponentStatus/StdErr/succeeded", "message": fmt.Sprintf("\r\n%s %d %s\r\n", marker, code, marker)},
	}})
	return string(report)
}

// TestCommandByOperatingSystem: the model and the list tell by which command a script runs.
func TestCommandByOperatingSystem(t *testing.T) {
	vm := func(inner string) string {
		return `{"value":[{"instanceId":"3","properties":{` + inner + `}}]}`
	}
	model := func(a *Adapter) error { _, err := a.Model(t.Context(), web); return err }
	list := func(a *Adapter) error { _, err := a.Instances(t.Context(), web); return err }
	for name, row := range map[string]struct {
		shown string
		read  func(*Adapter) error
		want  string
	}{
		"Windows by its profile":       {profile(`"osProfile":{"windowsConfiguration":{}}`), model, powerCommand},
		"Windows by its disk":          {profile(`"storageProfile":{"osDisk":{"osType":"Windows"}}`), model, powerCommand},
		"Linux":                        {profile(`"storageProfile":{"osDisk":{"osType":"Linux"}}`), model, shellCommand},
		"Windows by a listed instance": {vm(`"osProfile":{"windowsConfiguration":{}}`), list, powerCommand},
		"Windows by a listed disk":     {vm(`"storageProfile":{"osDisk":{"osType":"Windows"}}`), list, powerCommand},
		"Linux by the list":            {vm(`"storageProfile":{"osDisk":{"osType":"Linux"}}`), list, shellCommand},
	} {
		sent := sentCommand{}
		var f *fakeARM
		f = newFakeARM(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				answering(http.StatusOK, row.shown)(w, r)
				return
			}
			seen := f.seen()
			sent = commandIn(t, seen[len(seen)-1].Body)
			answering(http.StatusOK, windowsReport(sent, "hi\r\n", -1073741819))(w, r)
		})
		if err := row.read(f.adapter); err != nil {
			t.Fatal(err)
		}
		code, output, err := f.adapter.RunCommand(t.Context(), web, "3", "Write-Output hi; exit 3")
		if sent.CommandID != row.want {
			t.Errorf("%s: sent %s", name, sent.CommandID)
		}
		if row.want == powerCommand && (err != nil || code != -1073741819 || output != "hi\r\n") {
			t.Errorf("%s: %d %q %v", name, code, output, err)
		}
	}
}

// TestWrappedPowerShell: the script travels as UTF-8 with its mark, once, in lines that nothing changes.
func TestWrappedPowerShell(t *testing.T) {
	for _, script := range []string{"Write-Output 'grüß'\nexit 4", "\ufeffWrite-Output 'grüß'\nexit 4"} {
		e := newWindowsScript(script)
		decoded, err := base64.StdEncoding.DecodeString(strings.Join(e.encoded, ""))
		if err != nil || string(decoded) != "\ufeffWrite-Output 'grüß'\nexit 4" {
			t.Errorf("%q %v", decoded, err)
		}
		text := ""
		for _, line := range e.lines() {
			text += *line + "\n"
		}
		if strings.Contains(text, "%!") || strings.Count(text, e.marker) != 3 || !strings.Contains(text, "\n"+e.encoded[0]+"\n") {
			t.Error(text)
		}
	}
}

// TestNewScriptOnWindows: a scale set of Windows instances gets the extension that runs scripts there.
func TestNewScriptOnWindows(t *testing.T) {
	for shown, want := range map[string]string{
		profile(`"osProfile":{"windowsConfiguration":{}}`):          "Microsoft.Compute CustomScriptExtension 1.10",
		profile(`"storageProfile":{"osDisk":{"osType":"Windows"}}`): "Microsoft.Compute CustomScriptExtension 1.10",
		profile(`"storageProfile":{"osDisk":{"osType":"Linux"}}`):   "Microsoft.Azure.Extensions CustomScript 2.1",
	} {
		f := newFakeARM(t, answering(http.StatusOK, shown))
		m, err := f.adapter.Model(t.Context(), web)
		if err != nil {
			t.Fatal(err)
		}
		step := rollout.WriteScript{Handler: m.NewHandler, Script: rollout.Script{Command: "powershell -File a.ps1"}}
		sent := written(t, step, nil)
		if got := fmt.Sprint(sent["publisher"], " ", sent["type"], " ", sent["typeHandlerVersion"]); got != want {
			t.Errorf("%s: %s, want %s", shown, got, want)
		}
	}
}
