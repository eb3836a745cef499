package controllers_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A bound of the schema, which the schema's own words say well enough: a change that is refused, the field that the refusal names, and
// what it says of it: the bound, or the values there are.
type bound struct {
	change, field, says string
}

const (
	required   = "Required value"
	notEmpty   = "should be at least 1 chars long"
	oneOf      = "Unsupported value"
	wrongType  = "must be of type"
	atMostText = "may not be more than %d bytes"
)

func most(n int) string { return fmt.Sprintf(atMostText, n) }

// long is a text of n characters that is right but for its length.
func long(n int) string { return strings.Repeat("a", n) }

// many is a list of n items.
func many(n int, item func(i int) string) string {
	items := make([]string, n)
	for i := range items {
		items[i] = item(i)
	}
	return "[" + strings.Join(items, ", ") + "]"
}

func inMarketplace(field string) string {
	return `target: {image: {marketplace: ` + replaced(`{publisher: p, offer: o, sku: s, version: 1.0.0}`, field) + `}}`
}

func inWindow(field string) string {
	return `windows: [` + replaced(`{type: Allow, schedule: "0 0 * * *", duration: 1h}`, field) + `]`
}

func inStep(field string) string {
	return `strategy: {canary: {percent: null, steps: [` + replaced(`{name: a, count: 1}`, field) + `]}}`
}

// inPair is a blue-green strategy with another value of one member.
func inPair(name, value string) string {
	members := map[string]string{"peer": "{name: green}", "loadBalancer": "{name: lb, rule: http}"}
	if name != "" {
		members[name] = value
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(members)) {
		parts = append(parts, name+": "+members[name])
	}
	return "strategy: {canary: null, blueGreen: {" + strings.Join(parts, ", ") + "}}"
}

// replaced adds a field to a map, in place of the one of the same name. A name alone is taken out.
func replaced(object, field string) string {
	name, _, isSet := strings.Cut(field, ":")
	var kept []string
	for _, part := range strings.Split(strings.Trim(object, "{}"), ", ") {
		if !strings.HasPrefix(part, name+":") {
			kept = append(kept, part)
		}
	}
	if isSet {
		kept = append(kept, field)
	}
	return "{" + strings.Join(kept, ", ") + "}"
}

// firstApp is the path of the first application.
const firstApp = "spec.target.applications[0]"

// vaultPath is the path of a secret in a key vault.
const vaultPath = "spec.target.script.protectedSettings.keyVault."

// bounds are those of VMSSRollout.
var bounds = []bound{
	{`scaleSet: null`, "spec.scaleSet", required},
	{`scaleSet: {subscriptionID: null}`, "spec.scaleSet.subscriptionID", required},
	{`scaleSet: {subscriptionID: ""}`, "spec.scaleSet.subscriptionID", notEmpty},
	{`scaleSet: {subscriptionID: ` + long(37) + `}`, "spec.scaleSet.subscriptionID", most(36)},
	{`scaleSet: {resourceGroup: null}`, "spec.scaleSet.resourceGroup", required},
	{`scaleSet: {resourceGroup: ""}`, "spec.scaleSet.resourceGroup", notEmpty},
	{`scaleSet: {resourceGroup: ` + long(91) + `}`, "spec.scaleSet.resourceGroup", most(90)},
	{`scaleSet: {name: null}`, "spec.scaleSet.name", required},
	{`scaleSet: {name: ""}`, "spec.scaleSet.name", notEmpty},
	{`scaleSet: {name: ` + long(65) + `}`, "spec.scaleSet.name", most(64)},
	{`mode: DryRun`, "spec.mode", oneOf + `: "DryRun": supported values: "Apply", "Plan"`},
	{`paused: "yes"`, "spec.paused", wrongType},

	{`target: null`, "spec.target", required},
	{`target: {revisionTag: ""}`, "spec.target.revisionTag", notEmpty},
	{`target: {revisionTag: ` + long(65) + `}`, "spec.target.revisionTag", most(64)},
	{`target: {applications: [{id: null}]}`, firstApp + ".id", required},
	{`target: {applications: [` + strings.Repeat(appOf("w", "1.0.0")+", ", 26) + `]}`, "spec.target.applications",
		"must have at most 25 items"},
	{`target: {applications: [{id: ""}]}`, firstApp + ".id", notEmpty},
	{`target: {applications: [{id: ` + long(513) + `}]}`, firstApp + ".id", most(512)},
	{`target: {applications: [{id: ` + appID("w", "1.0.0") + `, order: 0}]}`, firstApp + ".order", "greater than or equal to 1"},
	{`target: {applications: [{id: ` + appID("w", "1.0.0") + `, order: 1001}]}`, firstApp + ".order", "less than or equal to 1000"},
	{`target: {applications: [{id: ` + appID("w", "1.0.0") + `, tags: ""}]}`, firstApp + ".tags", notEmpty},
	{`target: {applications: [{id: ` + appID("w", "1.0.0") + `, tags: ` + long(257) + `}]}`, firstApp + ".tags", most(256)},
	{`target: {applications: [{id: ` + appID("w", "1.0.0") + `, configurationReference: ""}]}`,
		firstApp + ".configurationReference", notEmpty},
	{`target: {applications: [{id: ` + appID("w", "1.0.0") + `, configurationReference: ` + long(2049) + `}]}`,
		firstApp + ".configurationReference", most(2048)},
	{`target: {script: {extensionName: ""}}`, "spec.target.script.extensionName", notEmpty},
	{`target: {script: {extensionName: ` + long(81) + `}}`, "spec.target.script.extensionName", most(80)},
	{`target: {script: {managedIdentity: {clientID: ` + long(35) + `}}}`, "spec.target.script.managedIdentity.clientID", "at least 36 chars"},
	{`target: {script: {managedIdentity: {clientID: ` + long(37) + `}}}`, "spec.target.script.managedIdentity.clientID", most(36)},
	{`target: {script: {managedIdentity: {objectID: ` + long(35) + `}}}`, "spec.target.script.managedIdentity.objectID", "at least 36 chars"},
	{`target: {script: {managedIdentity: {objectID: ` + long(37) + `}}}`, "spec.target.script.managedIdentity.objectID", most(36)},
	{`target: {script: {protectedSettings: {keyVault: {secretURL: ""}}}}`, vaultPath + "secretURL", notEmpty},
	{`target: {script: {protectedSettings: {keyVault: {secretURL: ` + long(513) + `}}}}`, vaultPath + "secretURL", most(512)},
	{`target: {script: {protectedSettings: {keyVault: {vaultID: ""}}}}`, vaultPath + "vaultID", notEmpty},
	{`target: {script: {protectedSettings: {keyVault: {vaultID: ` + long(513) + `}}}}`, vaultPath + "vaultID", most(512)},
	{`target: {image: {id: ""}}`, "spec.target.image.id", notEmpty},
	{`target: {image: {id: ` + long(513) + `}}`, "spec.target.image.id", most(512)},
	{`target: {image: {sharedGalleryID: ""}}`, "spec.target.image.sharedGalleryID", notEmpty},
	{`target: {image: {sharedGalleryID: ` + long(513) + `}}`, "spec.target.image.sharedGalleryID", most(512)},
	{`target: {image: {communityGalleryID: ""}}`, "spec.target.image.communityGalleryID", notEmpty},
	{`target: {image: {communityGalleryID: ` + long(513) + `}}`, "spec.target.image.communityGalleryID", most(512)},
	{inMarketplace(`publisher`), "spec.target.image.marketplace.publisher", required},
	{inMarketplace(`publisher: ""`), "spec.target.image.marketplace.publisher", notEmpty},
	{inMarketplace(`publisher: ` + long(129)), "spec.target.image.marketplace.publisher", most(128)},
	{inMarketplace(`offer`), "spec.target.image.marketplace.offer", required},
	{inMarketplace(`offer: ""`), "spec.target.image.marketplace.offer", notEmpty},
	{inMarketplace(`offer: ` + long(129)), "spec.target.image.marketplace.offer", most(128)},
	{inMarketplace(`sku`), "spec.target.image.marketplace.sku", required},
	{inMarketplace(`sku: ""`), "spec.target.image.marketplace.sku", notEmpty},
	{inMarketplace(`sku: ` + long(129)), "spec.target.image.marketplace.sku", most(128)},
	{inMarketplace(`version`), "spec.target.image.marketplace.version", required},
	{inMarketplace(`version: ""`), "spec.target.image.marketplace.version", notEmpty},
	{inMarketplace(`version: ` + long(65)), "spec.target.image.marketplace.version", most(64)},
	{`target: {script: {command: ""}}`, "spec.target.script.command", notEmpty},
	{`target: {script: {command: ` + long(8193) + `}}`, "spec.target.script.command", most(8192)},
	{`target: {script: {uris: [""]}}`, "spec.target.script.uris[0]", notEmpty},
	{`target: {script: {uris: ["https://store.example/` + long(2027) + `"]}}`, "spec.target.script.uris[0]", most(2048)},
	{`target: {script: {uris: ` + many(17, func(i int) string { return fmt.Sprintf("http://a/%d", i) }) + `}}`, "spec.target.script.uris",
		"must have at most 16 items"},
	{`target: {script: {protectedSettings: {secretRef: {}}}}`, "spec.target.script.protectedSettings.secretRef.name", required},
	{`target: {script: {protectedSettings: {secretRef: {name: ""}}}}`, "spec.target.script.protectedSettings.secretRef.name", notEmpty},
	{`target: {script: {protectedSettings: {secretRef: {name: ` + long(254) + `}}}}`, "spec.target.script.protectedSettings.secretRef.name",
		most(253)},

	{`strategy: null`, "spec.strategy", required},
	{`strategy: {canary: null}`, "spec.strategy", "exactly one of canary and blueGreen"},
	{strings.Replace(inPair("", ""), "null", "{percent: 50}", 1), "spec.strategy", "exactly one of canary and blueGreen"},
	{inPair("peer", "{name: web}"), "spec", "peer must be another scale set"},
	{inPair("peer", "{name: WEB, resourceGroup: SHOP-RG}"), "spec", "peer must be another scale set"},
	{inPair("peer", "null"), "spec.strategy.blueGreen.peer", required},
	{inPair("peer", "{}"), "spec.strategy.blueGreen.peer.name", required},
	{inPair("peer", `{name: ""}`), "spec.strategy.blueGreen.peer.name", notEmpty},
	{inPair("peer", `{name: `+long(65)+`}`), "spec.strategy.blueGreen.peer.name", most(64)},
	{inPair("peer", `{name: "a/b"}`), "spec.strategy.blueGreen.peer.name", "should match"},
	{inPair("peer", `{name: b, resourceGroup: ""}`), "spec.strategy.blueGreen.peer.resourceGroup", notEmpty},
	{inPair("peer", `{name: b, resourceGroup: `+long(91)+`}`), "spec.strategy.blueGreen.peer.resourceGroup", most(90)},
	{inPair("peer", `{name: b, resourceGroup: "a/b"}`), "spec.strategy.blueGreen.peer.resourceGroup", "should match"},
	{inPair("loadBalancer", "null"), "spec.strategy.blueGreen.loadBalancer", required},
	{inPair("loadBalancer", "{rule: http}"), "spec.strategy.blueGreen.loadBalancer.name", required},
	{inPair("loadBalancer", `{name: "", rule: http}`), "spec.strategy.blueGreen.loadBalancer.name", notEmpty},
	{inPair("loadBalancer", `{name: `+long(81)+`, rule: http}`), "spec.strategy.blueGreen.loadBalancer.name", most(80)},
	{inPair("loadBalancer", "{name: lb}"), "spec.strategy.blueGreen.loadBalancer.rule", required},
	{inPair("loadBalancer", `{name: lb, rule: ""}`), "spec.strategy.blueGreen.loadBalancer.rule", notEmpty},
	{inPair("loadBalancer", `{name: lb, rule: `+long(81)+`}`), "spec.strategy.blueGreen.loadBalancer.rule", most(80)},
	{inPair("loadBalancer", `{name: lb, rule: r, resourceGroup: ""}`), "spec.strategy.blueGreen.loadBalancer.resourceGroup", notEmpty},
	{inPair("loadBalancer", `{name: lb, rule: r, resourceGroup: `+long(91)+`}`), "spec.strategy.blueGreen.loadBalancer.resourceGroup",
		most(90)},
	{inPair("capacity", "0"), "spec.strategy.blueGreen.capacity", "should be greater than or equal to 1"},
	{inPair("capacity", "1001"), "spec.strategy.blueGreen.capacity", "should be less than or equal to 1000"},
	{inPair("approval", "{onTimeout: Promote, timeout: 1h}"), "spec.strategy.blueGreen.approval.onTimeout", oneOf},
	{inPair("approval", "{onTimeout: Abort}"), "spec.strategy.blueGreen.approval", "approval.timeout must be set"},
	{inPair("approval", "{timeout: 1s}"), "spec.strategy.blueGreen.approval.timeout", "from 1m to 720h"},
	{inPair("retire", "{capacity: 1}"), "spec.strategy.blueGreen.retire.after", required},
	{inPair("retire", "{after: 721h}"), "spec.strategy.blueGreen.retire.after", "from 0s to 720h"},
	{inPair("retire", "{after: 1h, capacity: -1}"), "spec.strategy.blueGreen.retire.capacity", "should be greater than or equal to 0"},
	{`strategy: {canary: {percent: "34"}}`, "spec.strategy.canary.percent", wrongType},
	{`strategy: {canary: {percent: 33.3}}`, "spec.strategy.canary.percent", wrongType},
	{`strategy: {canary: {percent: null, steps: []}}`, "spec.strategy.canary.steps", "should have at least 1 items"},
	{`strategy: {canary: {percent: null, steps: ` + many(21, func(i int) string { return fmt.Sprintf("{name: s%d, count: %d}", i, i+1) }) +
		`}}`,
		"spec.strategy.canary.steps", "must have at most 20 items"},
	{inStep(`name`), "spec.strategy.canary.steps[0].name", required},
	{inStep(`name: ""`), "spec.strategy.canary.steps[0].name", notEmpty},
	{inStep(`name: ` + long(64)), "spec.strategy.canary.steps[0].name", most(63)},
	{inStep(`approval: {onTimeout: Promote, timeout: 1h}`), "spec.strategy.canary.steps[0].approval.onTimeout",
		oneOf + `: "Promote": supported values: "Wait", "Approve", "Abort", "Rollback"`},
	{`strategy: {zones: Random}`, "spec.strategy.zones", oneOf + `: "Random": supported values: "Spread", "OneAtATime", "Ignore"`},
	{`strategy: {order: Random}`, "spec.strategy.order", oneOf + `: "Random": supported values: "Oldest", "Newest", "InstanceID"`},
	{`strategy: {instanceAction: Delete}`, "spec.strategy.instanceAction",
		oneOf + `: "Delete": supported values: "Upgrade", "UpgradeThenReimage"`},
	{`strategy: {protectedInstances: Ignore}`, "spec.strategy.protectedInstances",
		oneOf + `: "Ignore": supported values: "Skip", "Wait", "Fail"`},
	{`strategy: {stoppedInstances: Ignore}`, "spec.strategy.stoppedInstances",
		oneOf + `: "Ignore": supported values: "Skip", "Wait", "Fail"`},
	{`strategy: {automaticRepairs: Disable}`, "spec.strategy.automaticRepairs", oneOf + `: "Disable": supported values: "Leave", "Suspend"`},
	{`health: {source: None}`, "spec.health.source", oneOf + `: "None": supported values: "ApplicationHealth", "ProvisioningState"`},

	{inWindow(`type`), "spec.windows[0].type", required},
	{inWindow(`type: Sometimes`), "spec.windows[0].type", oneOf + `: "Sometimes": supported values: "Allow", "Deny"`},
	{inWindow(`schedule`), "spec.windows[0].schedule", required},
	{inWindow(`schedule: daily`), "spec.windows[0].schedule", "should be at least 9 chars long"},
	{inWindow(`schedule: "0 0 * * ` + long(121) + `"`), "spec.windows[0].schedule", most(128)},
	{inWindow(`duration`), "spec.windows[0].duration", required},
	{inWindow(`timeZone: ""`), "spec.windows[0].timeZone", notEmpty},
	{inWindow(`timeZone: ` + long(65)), "spec.windows[0].timeZone", most(64)},
	{`windows: ` + many(17, func(i int) string { return fmt.Sprintf(`{type: Allow, schedule: "0 %d * * *", duration: 1h}`, i) }),
		"spec.windows", "must have at most 16 items"},

	{`failurePolicy: {action: Continue}`, "spec.failurePolicy.action", oneOf + `: "Continue": supported values: "Pause", "Abort", "Rollback"`},
	{`failurePolicy: {maxFailed: 0.5}`, "spec.failurePolicy.maxFailed", wrongType},
	{`drift: {declared: Ignore}`, "spec.drift.declared", oneOf + `: "Ignore": supported values: "Pause", "Overwrite"`},
	{`drift: {other: Overwrite}`, "spec.drift.other", oneOf + `: "Overwrite": supported values: "Report", "Roll"`},
	{`onDelete: Delete`, "spec.onDelete", oneOf + `: "Delete": supported values: "Leave", "Rollback"`},
}

// actionBounds are those of RolloutAction.
var actionBounds = []bound{
	{`{rolloutRef: null}`, "spec.rolloutRef", required},
	{`{rolloutRef: {name: null}}`, "spec.rolloutRef.name", required},
	{`{rolloutRef: {name: ""}}`, "spec.rolloutRef.name", notEmpty},
	{`{rolloutRef: {name: ` + long(254) + `}}`, "spec.rolloutRef.name", most(253)},
	{`{rolloutRef: {uid: null}}`, "spec.rolloutRef.uid", required},
	{`{rolloutRef: {uid: ""}}`, "spec.rolloutRef.uid", notEmpty},
	{`{rolloutRef: {uid: ` + long(65) + `}}`, "spec.rolloutRef.uid", most(64)},
	{`{run: null}`, "spec.run", required},
	{`{run: latest}`, "spec.run", wrongType},
	{`{action: null}`, "spec.action", required},
	{`{action: approve}`, "spec.action", oneOf +
		`: "approve": supported values: "Approve", "Promote", "PromoteFull", "Abort", "Rollback", "Retry", "SkipInstance"`},
	{`{step: ""}`, "spec.step", notEmpty},
	{`{step: ` + long(64) + `}`, "spec.step", most(63)},
	{`{action: SkipInstance, step: null, instance: ""}`, "spec.instance", notEmpty},
	{`{action: SkipInstance, step: null, instance: ` + long(257) + `}`, "spec.instance", most(256)},
	{`{action: Rollback, step: null, toRevision: ""}`, "spec.toRevision", notEmpty},
	{`{action: Rollback, step: null, toRevision: ` + long(254) + `}`, "spec.toRevision", most(253)},
	{`{requestedBy: null}`, "spec.requestedBy", required},
	{`{requestedBy: ""}`, "spec.requestedBy", notEmpty},
	{`{requestedBy: ` + long(513) + `}`, "spec.requestedBy", most(512)},
	{`{reason: ""}`, "spec.reason", notEmpty},
	{`{reason: ` + long(257) + `}`, "spec.reason", most(256)},
}

// fixedPairs are changes of a blue-green rollout that exists.
var fixedPairs = []bound{
	{`strategy: {blueGreen: {peer: {name: other}}}`, "spec.strategy.blueGreen.peer", "peer cannot be changed"},
	{`strategy: {blueGreen: {peer: {resourceGroup: other}}}`, "spec.strategy.blueGreen.peer", "peer cannot be changed"},
}

// fixed are changes of objects that exist: what cannot be changed, and which part of it is tried.
var fixed = []bound{
	{`scaleSet: {subscriptionID: 00000000-0000-0000-0000-000000000002}`, "spec.scaleSet", "delete this VMSSRollout"},
	{`scaleSet: {resourceGroup: other-rg}`, "spec.scaleSet", "scaleSet cannot be changed"},
	{`scaleSet: {name: other}`, "spec.scaleSet", "the scale set stays as it is"},
}

// fixedActions are those of RolloutAction: all of its spec.
var fixedActions = []bound{
	{`{action: Promote}`, "spec", "spec cannot be changed"},
	{`{step: all}`, "spec", "spec cannot be changed"},
	{`{run: 4}`, "spec", "spec cannot be changed"},
	{`{rolloutRef: {uid: 0a1b2c3d-0000-4000-8000-000000000002}}`, "spec", "spec cannot be changed"},
	{`{requestedBy: joe}`, "spec", "create a new RolloutAction instead"},
	{`{reason: second thoughts}`, "spec", "create a new RolloutAction instead"},
}
