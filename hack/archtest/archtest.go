// Package archtest holds the code to its layout: which room may import which.
package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
)

const module = "github.com/vmss-rollouts/vmss-rollouts"

// room is a part of the repository: which of our own packages it may import, and which foreign ones beyond the standard library.
// Entries are prefixes; "" is the module's root.
type room struct {
	own     []string
	exactly []string // packages of our own that may be imported, without what lies below them
	foreign []string
}

// Foreign packages by what they are for.
var (
	apimachinery = []string{"k8s.io/apimachinery"}
	kubernetes   = []string{"k8s.io", "sigs.k8s.io", "github.com/go-logr/logr"}
	azureSDK     = []string{"github.com/Azure/azure-sdk-for-go", "golang.org/x/sync/singleflight"}
	metrics      = []string{"github.com/prometheus/client_golang"}
	// What a check is made of: the query API and its values, the expression language, paths into JSON, the queue, the rules for HTTP headers.
	probing = []string{
		"github.com/prometheus/client_golang/api", "github.com/prometheus/common/model", "github.com/google/cel-go",
		"k8s.io/client-go/util/jsonpath", "k8s.io/client-go/util/workqueue", "golang.org/x/net/http/httpguts",
	}
)

// rooms are the allowed imports. The longest prefix decides. What is not listed may not exist.
var rooms = map[string]room{
	"": {own: []string{
		"controllers", "api", "internal/azure", "internal/checks", "internal/analysis", "internal/integrations",
		"internal/leaderelection", "internal/metrics",
		"internal/options",
	}, foreign: kubernetes},
	"api": {own: []string{"api"}, foreign: apimachinery},
	"controllers": {
		own: []string{
			"api", "internal/rollout", "internal/conditions", "internal/convert", "internal/finalizer", "internal/leaderelection",
			"internal/redact", "internal/grant", "internal/revisions", "internal/secrets",
		},
		foreign: slices.Concat(kubernetes, metrics),
	},
	"internal/rollout":                   {},
	"internal/rollout/planner":           {own: []string{"internal/rollout"}},
	"internal/rollout/planner/strategy":  core("advance", "gate", "task", "view", "batch", "inventory", "target"),
	"internal/rollout/planner/advance":   core("gate", "task", "view", "batch", "inventory", "target"),
	"internal/rollout/planner/gate":      core("task", "view", "inventory", "target"),
	"internal/rollout/planner/task":      core("view", "inventory"),
	"internal/rollout/planner/view":      core("batch", "inventory", "target"),
	"internal/rollout/planner/batch":     core("inventory"),
	"internal/rollout/planner/inventory": core("target"),
	"internal/rollout/planner/target":    core(),
	"internal/rollout/simworld":          {own: []string{"internal/rollout"}},
	"internal/rollout/modelcheck":        {own: []string{"internal/rollout"}},
	"internal/rollout/statecodec":        {own: []string{"internal/rollout"}},
	"internal/formerstatus":              {own: []string{"internal/rollout"}},
	"internal/conditions":                {own: []string{"api", "internal/rollout"}, foreign: apimachinery},
	"internal/finalizer":                 {foreign: kubernetes},
	"internal/revisions":                 {own: []string{"api", "internal/finalizer", "internal/rollout"}, foreign: kubernetes},
	"internal/secrets":                   {own: []string{"internal/grant", "internal/redact", "internal/rollout"}, foreign: kubernetes},
	"internal/convert": {
		own:     []string{"api", "internal/conditions", "internal/formerstatus", "internal/rollout"},
		foreign: slices.Concat(apimachinery, []string{"github.com/robfig/cron/v3"}),
	},
	"internal/redact": {},
	"internal/grant":  {own: []string{"internal/rollout"}},
	"internal/azure": {
		own: []string{
			"internal/azure/addresses", "internal/azure/arm", "internal/azure/message", "internal/rollout", "internal/redact",
		},
		foreign: azureSDK,
	},
	"internal/azure/addresses": {
		own: []string{"internal/azure/arm", "internal/azure/message", "internal/rollout"}, foreign: azureSDK,
	},
	"internal/azure/arm":     {own: []string{"internal/azure/message", "internal/rollout", "internal/redact"}, foreign: azureSDK},
	"internal/azure/message": {own: []string{"internal/redact"}},
	"internal/checks": {
		own: []string{"internal/rollout", "internal/redact", "internal/grant", "internal/checks"}, foreign: probing,
	},
	"internal/analysis": {own: []string{"api", "internal/checks", "internal/grant", "internal/rollout"}, foreign: apimachinery},
	"internal/nodes":    {own: []string{"internal/rollout"}, foreign: kubernetes},
	"internal/integrations": {own: []string{
		"api", "internal/azure", "internal/checks", "internal/grant", "internal/nodes", "internal/rollout",
	}, foreign: kubernetes},
	"internal/leaderelection": {foreign: kubernetes},
	"internal/metrics":        {own: []string{"internal/azure"}, foreign: metrics},
	"internal/options":        {own: []string{"internal/checks", "internal/leaderelection"}, foreign: kubernetes},
	"internal/azuresim":       {own: []string{"internal/azuresim"}, foreign: []string{"github.com/google/uuid"}},
	"internal/azuresim/tree":  {},
	"internal/azuresim/guest": {},
	"internal/azuresim/fleet": {own: []string{"internal/azuresim/guest"}, foreign: []string{"golang.org/x/sys"}},
	"internal/azuresim/arm": {
		own: []string{"internal/azuresim/throttle/ratelimit", "internal/azuresim/tree"}, foreign: []string{"github.com/google/uuid"},
	},
	"internal/azuresim/kernel": {own: []string{"internal/azuresim/arm", "internal/azuresim/guest"},
		foreign: []string{"github.com/google/uuid"}},
	"internal/azuresim/vmprofile": {
		own: []string{"internal/azuresim/arm", "internal/azuresim/guest", "internal/azuresim/kernel", "internal/azuresim/tree"},
	},
	"internal/azuresim/vmss": {own: []string{
		"internal/azuresim/arm", "internal/azuresim/faults", "internal/azuresim/guest", "internal/azuresim/kernel",
		"internal/azuresim/operations",
		"internal/azuresim/resources", "internal/azuresim/tree", "internal/azuresim/vmprofile",
	}, foreign: []string{"github.com/google/uuid"}},
	"internal/azuresim/deployments": {
		own: []string{
			"internal/azuresim/arm", "internal/azuresim/kernel", "internal/azuresim/resources", "internal/azuresim/throttle/ratelimit",
			"internal/azuresim/tree",
		},
		foreign: []string{"github.com/google/uuid"},
	},
	"pkg/azuresim": {own: []string{"internal/azuresim"}, foreign: azureSDK},
	"cmd": {
		own: []string{"api", "internal/azure", "internal/rollout", "internal/conditions"}, foreign: slices.Concat(kubernetes, azureSDK),
	},
	"hack": {own: []string{""}, foreign: []string{"", "testing"}},
}

// core is a room of the core: it knows the data, and the rooms below it in the planner.
func core(below ...string) room {
	r := room{exactly: []string{"internal/rollout"}}
	for _, name := range below {
		r.exactly = append(r.exactly, "internal/rollout/planner/"+name)
	}
	return r
}

type goPackage struct {
	ImportPath string
	Imports    []string
}

// Violations returns every import that the table does not allow, and every package that is in no room, in the module of the working
// directory. Tests may import what they test against.
func Violations() ([]string, error) {
	packages, err := list()
	if err != nil {
		return nil, err
	}
	var found []string
	for _, p := range packages {
		path := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		r, known := roomOf(path)
		if !known {
			found = append(found, fmt.Sprintf("package %s is in no room of hack/archtest", p.ImportPath))
			continue
		}
		for _, imported := range p.Imports {
			if complaint := r.forbids(path, imported); complaint != "" {
				found = append(found, fmt.Sprintf("%s imports %s: %s", p.ImportPath, imported, complaint))
			}
		}
	}
	return found, nil
}

// roomOf returns the room with the longest matching prefix.
func roomOf(path string) (room, bool) {
	best, found := "", path == ""
	for prefix := range rooms {
		if prefix != "" && within(path, prefix) && len(prefix) >= len(best) {
			best, found = prefix, true
		}
	}
	return rooms[best], found
}

// forbids says why an import is not allowed, "" if it is.
func (r room) forbids(from, imported string) string {
	if own, ours := strings.CutPrefix(imported, module); ours {
		own = strings.TrimPrefix(own, "/")
		isBelow := slices.ContainsFunc(r.own, func(p string) bool { return p == "" || within(own, p) })
		if own == from || slices.Contains(r.exactly, own) || isBelow {
			return ""
		}
		return "the rooms of hack/archtest draw no arrow there"
	}
	if !strings.Contains(strings.Split(imported, "/")[0], ".") {
		return "" // the standard library
	}
	if slices.ContainsFunc(r.foreign, func(p string) bool { return p == "" || within(imported, p) }) {
		return ""
	}
	return "a foreign package that this room does without"
}

func within(path, prefix string) bool {
	return path == prefix || strings.HasPrefix(path, prefix+"/")
}

// list asks the go command, which knows build tags and files.
func list() ([]goPackage, error) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"/...").Output()
	if err != nil {
		return nil, fmt.Errorf("listing packages: %w", err)
	}
	var packages []goPackage
	decoder := json.NewDecoder(bytes.NewReader(out))
	for {
		var p goPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("reading the list of packages: %w", err)
		}
		packages = append(packages, p)
	}
	if len(packages) < 8 {
		return nil, fmt.Errorf("only %d packages listed; the list is not to be trusted", len(packages))
	}
	return packages, nil
}
