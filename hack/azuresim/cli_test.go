package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// requireCLI is the environment variable that makes a missing Azure CLI a failure: `make walkthrough` sets it.
const requireCLI = "REQUIRE_AZ"

const (
	cliGroup = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/shop-rg"
	cliSets  = cliGroup + "/providers/Microsoft.Compute/virtualMachineScaleSets/"
	// outdated is the query by which users find the instances that are still to be updated.
	outdated = "[?latestModelApplied==`false`].instanceId"
)

// azure is a simulator served over TLS, and a CLI that is logged in to it with a configuration of its own.
type azure struct {
	t            *testing.T
	set          string // the scale set of this test
	arm, control string
	env          []string
}

// newAzure starts a simulator whose time runs a hundred times as fast, so that an operation is over at the CLI's next poll.
func newAzure(t *testing.T) *azure {
	t.Helper()
	needCLI(t)
	dir := t.TempDir()
	ready := filepath.Join(dir, "ready.json")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, []string{"--ready-file", ready, "--tls-dir", filepath.Join(dir, "tls"), "--rate", "100", "--retry-after", "1s"},
			io.Discard, io.Discard)
	}()
	where := waitFor(t, ready, done)
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	a := &azure{t: t, arm: where["arm"], control: where["control"], env: []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "AZURE_CONFIG_DIR=" + filepath.Join(dir, "az"),
		"REQUESTS_CA_BUNDLE=" + filepath.Join(dir, "tls", "ca.pem"), "AZURE_CORE_COLLECT_TELEMETRY=no", "NO_PROXY=127.0.0.1",
	}}
	a.logIn()
	return a
}

// needCLI skips a test that is not asked for: az takes a second for each command.
func needCLI(t *testing.T) {
	t.Helper()
	if os.Getenv(requireCLI) == "" {
		t.Skip("NOT CHECKED: the Azure CLI's commands; make walkthrough and make test-deep run them")
	}
	if _, err := exec.LookPath("az"); err != nil {
		t.Fatal("the Azure CLI is not installed: apt-get install azure-cli")
	}
}

// on is for a test with a scale set of its own. Every command takes a second, so the tests share the login.
func (a *azure) on(t *testing.T, set, upgradePolicy string) *azure {
	t.Helper()
	own := *a
	own.t, own.set = t, set
	own.putSet(upgradePolicy)
	return &own
}

// vmss is a command about the scale set.
func (a *azure) vmss(words string, more ...string) []string {
	return slices.Concat([]string{"vmss"}, strings.Fields(words), []string{"-g", "shop-rg", "-n", a.set}, more)
}

func (a *azure) logIn() {
	a.t.Helper()
	a.az("cloud", "register", "--name", "simulated", "--profile", "2020-09-01-hybrid",
		"--endpoint-resource-manager", a.arm, "--endpoint-active-directory", a.arm,
		"--endpoint-active-directory-resource-id", "https://management.azure.com",
		"--endpoint-active-directory-graph-resource-id", a.arm)
	a.az("cloud", "set", "--name", "simulated")
	a.az("login", "--service-principal", "--tenant", "adfs", "--username", "11111111-1111-1111-1111-111111111111", "--password", "any")
}

// az runs a command that must succeed and returns what it printed.
func (a *azure) az(args ...string) string {
	a.t.Helper()
	out, complaint, err := a.try(args...)
	if err != nil {
		a.t.Fatalf("az %s: %v\n%s", strings.Join(args, " "), err, complaint)
	}
	return out
}

func (a *azure) try(args ...string) (out, complaint string, err error) {
	cmd := exec.CommandContext(a.t.Context(), "az", args...)
	cmd.Env = a.env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	return strings.TrimSpace(stdout.String()), stderr.String(), err
}

// want runs a command and wants it to print just that.
func (a *azure) want(out string, args ...string) {
	a.t.Helper()
	if got := a.az(args...); got != out {
		a.t.Errorf("az %s printed %q, want %q", strings.Join(args, " "), got, out)
	}
}

// ask sends a request to the control endpoint.
func (a *azure) ask(method, path, body string, into any) {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), method, a.control+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		a.t.Fatalf("%s %s: %s %s (%v)", method, path, res.Status, text, err)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(text, into); err != nil {
		a.t.Fatal(err)
	}
}

// reimages returns how often each instance got a fresh disk.
func (a *azure) reimages() []int {
	a.t.Helper()
	var instances []struct{ Reimages int }
	a.ask(http.MethodGet, "/instances?scaleSet="+url.QueryEscape(cliSets+a.set), "", &instances)
	var times []int
	for _, m := range instances {
		times = append(times, m.Reimages)
	}
	return times
}

// putSet makes a scale set of three with health monitoring, which `az vmss create` of 2.45 cannot.
func (a *azure) putSet(upgradePolicy string) {
	a.t.Helper()
	a.az("rest", "--method", "put", "--uri", a.arm+cliSets+a.set+"?api-version=2020-06-01", "--body", `{
		"location": "eastus", "sku": {"name": "Standard_D2s_v3", "capacity": 3},
		"properties": {"overprovision": false, "upgradePolicy": `+upgradePolicy+`, "virtualMachineProfile": {
			"osProfile": {"computerNamePrefix": "web", "adminUsername": "azureuser", "adminPassword": "Simulated!1"},
			"storageProfile": {"imageReference": {
				"publisher": "Canonical", "offer": "0001-com-ubuntu-server-jammy", "sku": "22_04-lts-gen2", "version": "latest"}},
			"extensionProfile": {"extensions": [{"name": "health", "properties": {
				"publisher": "Microsoft.ManagedServices", "type": "ApplicationHealthLinux", "typeHandlerVersion": "1.0",
				"settings": {"protocol": "http", "port": 80, "requestPath": "/"}}}]},
			"networkProfile": {"networkInterfaceConfigurations": [{"name": "web", "properties": {"primary": true, "ipConfigurations": [
				{"name": "web", "properties": {"subnet": {"id": "`+cliGroup+`/providers/Microsoft.Network/virtualNetworks/web/subnets/web"}}}]}}]}
		}}}`)
	a.az(a.vmss("wait", "--created", "--interval", "1")...)
}

// TestCLI runs the commands that users run today (walkthrough, last section), unmodified, and checks their effects.
func TestCLI(t *testing.T) {
	a := newAzure(t)
	a.az("group", "create", "--name", "shop-rg", "--location", "eastus")
	t.Run("lookups", func(t *testing.T) {
		a := *a
		a.t = t
		a.want("Simulated", "account", "show", "--query", "name", "-o", "tsv")
		a.want("true", "group", "exists", "--name", "shop-rg")
		a.want("false", "group", "exists", "--name", "missing-rg")
		a.want("Registered", "provider", "show", "--namespace", "Microsoft.Compute", "--query", "registrationState", "-o", "tsv")
	})
	t.Run("updates", func(t *testing.T) { a.on(t, "web", `{"mode": "Manual"}`).testUpdates() })
	t.Run("network", func(t *testing.T) {
		a := *a
		a.t = t
		a.testNetwork()
	})
	t.Run("reimage", func(t *testing.T) { a.on(t, "disks", `{"mode": "Manual"}`).testReimage() })
	t.Run("rolling", func(t *testing.T) {
		a.on(t, "rolling", `{"mode": "Rolling", "rollingUpgradePolicy": {"maxBatchInstancePercent": 20}}`).testRolling()
	})
	t.Run("creation", func(t *testing.T) {
		a := *a
		a.t, a.set = t, "made"
		a.want("azureuser", a.vmss("create", "--image", "Canonical:UbuntuServer:18.04-LTS:latest", "--admin-username", "azureuser",
			"--admin-password", "Simulated!1x", "--instance-count", "1", "--query", "vmss.virtualMachineProfile.osProfile.adminUsername",
			"-o", "tsv")...)
	})
}

func (a *azure) testUpdates() {
	still := a.vmss("list-instances", "--query", outdated, "-o", "tsv")
	a.want("Succeeded", a.vmss("show", "--query", "provisioningState", "-o", "tsv")...)
	a.want("", still...)

	a.az("vmss", "extension", "set", "-g", "shop-rg", "--vmss-name", a.set, "--name", "CustomScript", "--publisher",
		"Microsoft.Azure.Extensions",
		"--version", "2.1", "--settings",
		`{"fileUris": ["http://store.example/install_nginx_v2.sh"], "commandToExecute": "sh install_nginx_v2.sh"}`)
	a.want("0\n1\n2", still...)
	a.az(a.vmss("update-instances", "--instance-ids", "0", "1")...)
	a.want("2", still...)
	a.az(a.vmss("update-instances", "--instance-ids", "*")...)
	a.want("", still...)

	a.az(a.vmss("update", "--set", "virtualMachineProfile.storageProfile.imageReference.version=22.04.202611100")...)
	a.want("0\n1\n2", still...)
	a.want("4", a.vmss("scale", "--new-capacity", "4", "--query", "sku.capacity", "-o", "tsv")...)
	a.want("4", a.vmss("get-instance-view", "--query", "virtualMachine.statusesSummary[0].count", "-o", "tsv")...)
	a.want("ProvisioningState/succeeded\nPowerState/running",
		a.vmss("get-instance-view", "--instance-id", "1", "--query", "statuses[].code", "-o", "tsv")...)

	_, complaint, err := a.try(a.vmss("update-instances", "--instance-ids", "77")...)
	if err == nil || !strings.Contains(complaint, "The provided instanceId 77 is not an active Virtual Machine Scale Set VM instanceId.") {
		a.t.Errorf("updating an instance that is gone: %v\n%s", err, complaint)
	}
}

// testReimage shows what `az vmss reimage --instance-id` does in Azure, too: it reimages the instance and then the whole scale set
// (azure-cli PR 25477). What touches one only is the request itself.
func (a *azure) testReimage() {
	a.az("rest", "--method", "post", "--uri", a.arm+cliSets+a.set+"/reimage?api-version=2020-06-01", "--body", `{"instanceIds": ["1"]}`)
	a.az(a.vmss("wait", "--updated", "--interval", "1")...)
	if got, want := a.reimages(), []int{0, 1, 0}; !slices.Equal(got, want) {
		a.t.Fatalf("after az rest the instances were reimaged %v times, want %v", got, want)
	}
	a.ask(http.MethodDelete, "/calls", "", nil)
	a.az(a.vmss("reimage", "--instance-id", "1")...)
	if got, want := a.reimages(), []int{1, 2, 1}; !slices.Equal(got, want) {
		a.t.Errorf("after az vmss reimage --instance-id 1 the instances were reimaged %v times, want %v", got, want)
	}
	var calls []struct{ Kind, Operation, Body string }
	a.ask(http.MethodGet, "/calls", "", &calls)
	var writes []string
	for _, c := range calls {
		if c.Kind == "write" {
			writes = append(writes, c.Operation+c.Body)
		}
	}
	if want := []string{"VMs.Reimage", "Reimage"}; !slices.Equal(writes, want) {
		a.t.Errorf("it wrote %v, want %v", writes, want)
	}
}

// testRolling starts the platform's own upgrade to a newer image, looks at it and cancels it.
func (a *azure) testRolling() {
	_, complaint, err := a.try(a.vmss("rolling-upgrade cancel")...)
	if err == nil || !strings.Contains(complaint, "There is no ongoing Rolling Upgrade to cancel.") {
		a.t.Errorf("cancelling nothing: %v\n%s", err, complaint)
	}
	a.ask(http.MethodPost, "/clock", `{"rate": 1}`, nil) // so an instance takes minutes
	a.ask(http.MethodPut, "/images", `{"marketplace": "Canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2", "version": "22.04.202612310"}`,
		nil)
	ended := make(chan error, 1)
	go func() {
		_, complaint, err := a.try(a.vmss("rolling-upgrade start")...)
		if err == nil {
			complaint = "it succeeded"
		}
		ended <- errors.New(complaint)
	}()
	status := a.vmss("rolling-upgrade get-latest", "--query", "runningStatus.code", "-o", "tsv")
	a.await("RollingForward", ended, status...)
	a.az(a.vmss("rolling-upgrade cancel")...)
	a.want("Cancelled", status...)
	if err := <-ended; !strings.Contains(err.Error(), "Canceled") {
		a.t.Errorf("the upgrade that was cancelled ended with %v", err)
	}
}

// await runs a command until it prints just that; each takes a second. It gives up when what it waits for has ended.
func (a *azure) await(out string, ended <-chan error, args ...string) {
	a.t.Helper()
	for range 60 {
		if got, _, err := a.try(args...); err == nil && got == out {
			return
		}
		select {
		case err := <-ended:
			a.t.Fatalf("it ended before az %s printed %q: %v", strings.Join(args, " "), out, err)
		default:
		}
	}
	a.t.Fatalf("az %s never printed %q", strings.Join(args, " "), out)
}
