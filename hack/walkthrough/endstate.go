package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"sort"
	"strings"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/hack/testenv"
)

// endState is the state in which a canary ends: the whole model but what every write changes, and what really became of each instance.
type endState struct {
	model     map[string]any
	instances []endInstance
}

type endInstance struct {
	id, vmID, state, power, page   string
	latest                         bool
	upgrades, reimages, scriptRuns int
}

func (st *stage) endState(ctx context.Context, set string) (endState, error) {
	var end endState
	var err error
	if end.model, err = st.model(ctx, set); err != nil {
		return end, fmt.Errorf("reading the model of %q: %w", set, err)
	}
	list, err := st.azure.Instances(ctx, setsID+set)
	if err != nil {
		return end, err
	}
	for _, m := range list {
		page, err := testenv.Visit(ctx, st.azure.URL(m))
		if err != nil {
			return end, fmt.Errorf("visiting instance %s of %q: %w", m.ID, set, err)
		}
		end.instances = append(end.instances, endInstance{
			id: m.ID, vmID: m.VMID, state: m.State, power: m.Power, page: page, latest: m.Latest,
			upgrades: m.Upgrades, reimages: m.Reimages, scriptRuns: m.ScriptRuns,
		})
	}
	return end, nil
}

// model is the scale set as ARM shows it, without the etag and the time of the last write of the profile.
func (st *stage) model(ctx context.Context, set string) (map[string]any, error) {
	ca, err := os.ReadFile(st.authority())
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	client := &http.Client{
		Timeout:   10 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, DisableKeepAlives: true},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, st.azure.ARM+setsID+set+"?api-version=2026-04-01", nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer walkthrough")
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ARM answers %s", resp.Status)
	}
	var model map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&model); err != nil {
		return nil, err
	}
	delete(model, "etag")
	if properties, is := model["properties"].(map[string]any); is {
		if profile, is := properties["virtualMachineProfile"].(map[string]any); is {
			delete(profile, "timeCreated")
		}
	}
	return withoutDefaults(model).(map[string]any), nil
}

// withoutDefaults leaves out what is false or null: az writes at an api-version of 2020 and the manager at one of 2026, and a write at a
// newer one makes ARM show the defaults of settings that the older one did not know.
func withoutDefaults(tree any) any {
	switch tree := tree.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, value := range tree {
			if value != nil && value != false {
				out[name] = withoutDefaults(value)
			}
		}
		return out
	case []any:
		out := make([]any, len(tree))
		for i, value := range tree {
			out[i] = withoutDefaults(value)
		}
		return out
	}
	return tree
}

// since counts each instance's upgrades, reimages and script runs from an earlier state on.
func (e endState) since(before endState) endState {
	for i := range e.instances {
		e.instances[i].upgrades -= before.instances[i].upgrades
		e.instances[i].reimages -= before.instances[i].reimages
		e.instances[i].scriptRuns -= before.instances[i].scriptRuns
	}
	return e
}

// differsFrom names what is not the same, "" if everything is.
func (e endState) differsFrom(o endState) string {
	differences := differing("model", e.model, o.model)
	if !reflect.DeepEqual(e.instances, o.instances) {
		differences = append(differences, fmt.Sprintf("instances: %+v and %+v", e.instances, o.instances))
	}
	return strings.Join(differences, "; ")
}

// differing names the paths at which two trees differ.
func differing(path string, a, b any) []string {
	left, isObject := a.(map[string]any)
	right, alsoObject := b.(map[string]any)
	if !isObject || !alsoObject {
		if reflect.DeepEqual(a, b) {
			return nil
		}
		return []string{fmt.Sprintf("%s: %v and %v", path, a, b)}
	}
	names := map[string]bool{}
	for name := range left {
		names[name] = true
	}
	for name := range right {
		names[name] = true
	}
	var out []string
	for name := range names {
		out = append(out, differing(path+"."+name, left[name], right[name])...)
	}
	sort.Strings(out)
	return out
}
