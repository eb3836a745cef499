package e2e

import (
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

var managers atomic.Int64

// employer holds the settings that a manager is started with.
type employer struct {
	kubeconfig string
	endpoint   string // of ARM
	namespaces []string
	flags      []string
}

// directly lets a manager of the namespaces talk to API server and simulator with nothing between.
func directly(namespaces ...string) employer {
	return employer{kubeconfig: here.staff, endpoint: here.azure.arm, namespaces: namespaces}
}

// startManager starts one that ends with the test at the latest. If the test fails, the end of its log is shown.
func startManager(t testing.TB, e employer) *process {
	t.Helper()
	log := filepath.Join(t.TempDir(), "manager-"+strconv.FormatInt(managers.Add(1), 10)+".log")
	p, err := launch(log, []string{"KUBECONFIG=" + e.kubeconfig}, here.manager, append([]string{
		"--azure-endpoint=" + e.endpoint, "--azure-token-file=" + here.token,
		"--watch-namespaces=" + strings.Join(e.namespaces, ","),
		"--leader-elect=false", "--metrics-bind-address=0", "--health-probe-bind-address=0",
	}, e.flags...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Log(p.tail())
		}
	})
	return p
}
