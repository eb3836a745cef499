package azure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"

	azcorearm "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v8"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/message"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// networkVersion is the api-version of the SDK's calls about load balancers.
const networkVersion = "2025-03-01"

// The members that a switch reads and writes.
const (
	memberProperties = "properties"
	memberRules      = "loadBalancingRules"
	memberPool       = "backendAddressPool"
	memberPools      = "backendAddressPools"
)

// Traffic reads where a rule leads: one GET of its load balancer. A load balancer or a rule that does not exist is KindInvalid: the rule is
// declared, and KindNotFound is said of scale sets.
func (a *Adapter) Traffic(ctx context.Context, set rollout.ScaleSet, rule rollout.LoadBalancerRule) (rollout.Traffic, error) {
	x := &arm.Call{
		Operation: "Traffic", Doing: fmt.Sprintf("reading rule %q of a load balancer of scale set %q", rule.Rule, set), Set: set,
	}
	b, err := a.readBalancer(ctx, x, rule)
	if err != nil {
		return rollout.Traffic{}, err
	}
	return rollout.Traffic{ETag: b.etag, Pool: b.leadsTo(), Pools: b.pools}, nil
}

// SwitchTraffic begins to lead a rule to another backend pool: one GET and one PUT of its load balancer, with If-Match. Everything but the
// reference to the pool is sent as it was read. Nothing is sent where the load balancer changed, or lacks the rule or the pool.
func (a *Adapter) SwitchTraffic(ctx context.Context, set rollout.ScaleSet, step rollout.SwitchTraffic) (rollout.Accepted, error) {
	reading := &arm.Call{
		Operation: "SwitchTraffic",
		Doing: fmt.Sprintf("switching rule %q of a load balancer of scale set %q to backend pool %q", step.Rule.Rule, set,
			path.Base(step.Pool)),
		Set: set,
	}
	if step.ETag == "" {
		return rollout.Accepted{}, reading.Refuse("the ETag of the load balancer is not known")
	}
	b, err := a.readBalancer(ctx, reading, step.Rule)
	if err != nil {
		return rollout.Accepted{}, err
	}
	if b.etag != step.ETag {
		return rollout.Accepted{}, stale(reading, "the load balancer")
	}
	body, err := b.leadingTo(step.Pool)
	if err != nil {
		return rollout.Accepted{}, reading.Refuse("%v", err)
	}
	x := &arm.Call{Operation: reading.Operation, Doing: reading.Doing, Set: set, Effect: true}
	answer, err := rawRequest{method: http.MethodPut, path: b.path, version: networkVersion, etag: b.etag, body: body}.
		send(x.With(ctx), b.client, http.StatusOK, http.StatusCreated)
	if err != nil {
		return rollout.Accepted{}, x.Problem(err)
	}
	p, err := runtime.NewPoller(answer, b.client.Pipeline(),
		&runtime.NewPollerOptions[armnetwork.LoadBalancersClientCreateOrUpdateResponse]{FinalStateVia: runtime.FinalStateViaAzureAsyncOp})
	return x.Accepted(p, err)
}

// balancer is a load balancer as it was read, with one of its rules.
type balancer struct {
	client *azcorearm.Client
	path   string
	etag   string

	whole, properties document
	rules             []json.RawMessage
	at                int // of the rule
	rule              document
	ruleProperties    document
	pools             []string // ids
}

// readBalancer reads a load balancer and finds the rule in it.
func (a *Adapter) readBalancer(ctx context.Context, x *arm.Call, rule rollout.LoadBalancerRule) (*balancer, error) {
	if _, err := a.in(x.Set); err != nil {
		return nil, err
	}
	id, err := balancerID(rule.LoadBalancer)
	if err != nil {
		return nil, nowhere(x, err)
	}
	c, err := a.of(id.SubscriptionID)
	if err != nil {
		return nil, err
	}
	b := &balancer{client: c.compute, path: id.String()}
	if b.whole, b.etag, err = readDocument(ctx, b.client, x, b.path, networkVersion); err != nil {
		return nil, declared(err, id)
	}
	if err := b.find(rule.Rule); err != nil {
		return nil, nowhere(x, fmt.Errorf("load balancer %q %w", id.ResourceGroupName+"/"+id.Name, err))
	}
	return b, nil
}

// balancerID reads the id of a load balancer. Each of its names has to be one.
func balancerID(text string) (*azcorearm.ResourceID, error) {
	id, err := azcorearm.ParseResourceID(text)
	if err != nil || !strings.EqualFold(id.ResourceType.String(), "Microsoft.Network/loadBalancers") {
		return nil, fmt.Errorf("%q is not the id of a load balancer", text)
	}
	for _, name := range []string{id.SubscriptionID, id.ResourceGroupName, id.Name} {
		if !arm.IsName(name) {
			return nil, fmt.Errorf("%q is not the id of a load balancer: %q cannot be a name", text, name)
		}
	}
	return id, nil
}

// nowhere is the problem of a rule that is declared and does not exist.
func nowhere(x *arm.Call, why error) error {
	return &rollout.Problem{Kind: rollout.KindInvalid, Message: message.Clean(x.Doing+": "+why.Error(), message.Limit, x.Redactor())}
}

// declared turns the absence of a load balancer into what it is for the rollout: a declaration that leads nowhere.
func declared(err error, id *azcorearm.ResourceID) error {
	var p *rollout.Problem
	if !errors.As(err, &p) || p.Kind != rollout.KindNotFound {
		return err
	}
	missing := *p
	missing.Kind, missing.Remediation = rollout.KindInvalid, "az network lb show --ids "+rollout.ShellWord(id.String())
	return &missing
}

// find decodes what a switch needs, and finds the rule.
func (b *balancer) find(rule string) error {
	var pools []named
	if json.Unmarshal(b.whole[memberProperties], &b.properties) != nil || json.Unmarshal(b.properties[memberRules], &b.rules) != nil {
		return fmt.Errorf("has no rule %q", rule)
	}
	take(b.properties[memberPools], &pools)
	for _, pool := range pools {
		b.pools = append(b.pools, pool.ID)
	}
	b.at = slices.IndexFunc(b.rules, func(raw json.RawMessage) bool {
		var shown named
		return json.Unmarshal(raw, &shown) == nil && strings.EqualFold(shown.Name, rule)
	})
	if b.at < 0 {
		return fmt.Errorf("has no rule %q", rule)
	}
	take(b.rules[b.at], &b.rule)
	take(b.rule[memberProperties], &b.ruleProperties)
	return nil
}

// named is a part of a load balancer, or a reference to one.
type named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// take decodes a member if it has the expected type, and leaves it empty if not.
func take(raw json.RawMessage, to any) { _ = json.Unmarshal(raw, to) }

// leadsTo is the id of the rule's backend pool, "" where it has none, or several.
func (b *balancer) leadsTo() string {
	var pool named
	take(b.ruleProperties[memberPool], &pool)
	several := b.several()
	switch {
	case len(several) > 1:
		return ""
	case pool.ID == "" && len(several) == 1:
		return several[0].ID
	}
	return pool.ID
}

// several is the rule's list of backend pools. Most rules have the one reference only, or the list with the same pool beside it.
func (b *balancer) several() []named {
	var list []named
	take(b.ruleProperties[memberPools], &list)
	return list
}

// leadingTo returns the load balancer as it was read, but for the pool that the rule leads to.
func (b *balancer) leadingTo(pool string) (document, error) {
	known := slices.IndexFunc(b.pools, func(id string) bool { return id != "" && strings.EqualFold(id, pool) })
	if known < 0 {
		return nil, fmt.Errorf("the load balancer has no backend pool %q", pool)
	}
	listed := len(b.several())
	if listed > 1 {
		return nil, fmt.Errorf("the rule leads to %d backend pools", listed)
	}
	reference := map[string]string{"id": b.pools[known]}
	b.ruleProperties[memberPool] = encoded(reference)
	if listed == 1 {
		b.ruleProperties[memberPools] = encoded([]map[string]string{reference})
	}
	b.rule[memberProperties] = encoded(b.ruleProperties)
	b.rules[b.at] = encoded(b.rule)
	b.properties[memberRules] = encoded(b.rules)
	b.whole[memberProperties] = encoded(b.properties)
	return b.whole, nil
}

// encoded is the value as JSON. Texts, and what was decoded, encode.
func encoded(value any) json.RawMessage {
	raw, _ := json.Marshal(value)
	return raw
}
