package controllers_test

// A rule of the API: a change that is admitted, a change that is not, and what the refusal says: where, and what to do. Enums and bare
// bounds of length are left to the schema's own words.
type rule struct {
	admitted string
	refused  string
	says     []string
}

// appID is the ARM id of a version of a gallery application.
func appID(name, version string) string {
	return "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/g/providers/Microsoft.Compute/galleries/shop/applications/" +
		name + "/versions/" + version
}

// appOf is an item of target.applications.
func appOf(name, version string) string { return "{id: " + appID(name, version) + "}" }

// rules are those of VMSSRollout.
var rules = map[string]rule{
	"subscriptionID is a UUID": {
		admitted: `scaleSet: {subscriptionID: ABCDEF00-0000-0000-0000-00000000000a}`,
		refused:  `scaleSet: {subscriptionID: production}`,
		says:     []string{"spec.scaleSet.subscriptionID", "must be the UUID", "az account show"},
	},
	"resourceGroup is a name": {
		admitted: `scaleSet: {resourceGroup: "Shop_(rg)-1.eu"}`,
		refused:  `scaleSet: {resourceGroup: /subscriptions/x/resourceGroups/shop-rg}`,
		says:     []string{"spec.scaleSet.resourceGroup", "give the name alone"},
	},
	"resourceGroup may have letters of any language": {
		admitted: `scaleSet: {resourceGroup: läden}`,
		refused:  `scaleSet: {resourceGroup: läden/x}`,
		says:     []string{"spec.scaleSet.resourceGroup", "letters"},
	},
	"resourceGroup does not end in a period": {
		admitted: `scaleSet: {resourceGroup: shop.rg}`,
		refused:  `scaleSet: {resourceGroup: shop.}`,
		says:     []string{"spec.scaleSet.resourceGroup", "not ending in a period"},
	},
	"name is a name": {
		admitted: `scaleSet: {name: web_1.eu-west}`,
		refused:  `scaleSet: {name: web/virtualMachines/1}`,
		says:     []string{"spec.scaleSet.name", "give the name alone"},
	},
	"target has an image or a script": {
		admitted: `target: {script: null,` +
			` image: {id: /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/g/providers/Microsoft.Compute/images/i}}`,
		refused: `target: {script: null, revisionTag: "2"}`,
		says:    []string{"spec.target", "at least one of image, script and applications"},
	},
	"applications alone are a target": {
		admitted: `target: {script: null, applications: [` + appOf("web", "1.1.0") + `]}`,
		refused:  `target: {script: null, applications: []}`,
		says:     []string{"spec.target.applications", "at least 1 items"},
	},
	"applications.id is one exact version": {
		admitted: `target: {applications: [` + appOf("web", "10.20.30") + `]}`,
		refused:  `target: {applications: [` + appOf("web", "latest") + `]}`,
		says:     []string{"spec.target.applications[0].id", "one exact version", "/versions/{1.2.3}"},
	},
	"applications.id is a full id": {
		admitted: `target: {applications: [` + appOf("Web_1.x-y", "1.1.0") + `]}`,
		refused:  `target: {applications: [{id: web/versions/1.0.0}]}`,
		says:     []string{"spec.target.applications[0].id", "/galleries/{gallery}/applications/{name}"},
	},
	"applications have one version each": {
		admitted: `target: {applications: [` + appOf("web", "1.1.0") + `, ` + appOf("db", "1.1.0") + `]}`,
		refused:  `target: {applications: [` + appOf("web", "1.1.0") + `, ` + appOf("WEB", "1.2.0") + `]}`,
		says:     []string{"spec.target.applications", "each gallery application once"},
	},
	"applications.configurationReference is a URI": {
		admitted: `target: {applications: [{id: ` + appID("web", "1.1.0") + `, configurationReference: "https://store.example/a?sig=x"}]}`,
		refused:  `target: {applications: [{id: ` + appID("web", "1.1.0") + `, configurationReference: store}]}`,
		says:     []string{"spec.target.applications[0].configurationReference", "http:// or https:// URI"},
	},
	"extensionName is a name": {
		admitted: `target: {script: {extensionName: vmss_CSE-1.2}}`,
		refused:  `target: {script: {extensionName: extensions/vmssCSE}}`,
		says:     []string{"spec.target.script.extensionName", "must be the name of an extension", "vmssCSE"},
	},
	"one extension is written": {
		admitted: `{target: {script: {extensionName: vmssCSE}}, baseline: {script: {command: sh old.sh, extensionName: VMSSCSE}}}`,
		refused:  `{target: {script: {extensionName: vmssCSE}}, baseline: {script: {command: sh old.sh, extensionName: other}}}`,
		says:     []string{"baseline.script.extensionName must be target.script.extensionName", "remove the one of baseline"},
	},
	"image is one kind of image": {
		admitted: `target: {image: {marketplace: {publisher: Canonical, offer: ubuntu-24_04-lts, sku: server, version: 24.04.202611100}}}`,
		refused: `target: {image: {communityGalleryID: /CommunityGalleries/g/Images/i/Versions/1.0.0,
  marketplace: {publisher: Canonical, offer: ubuntu-24_04-lts, sku: server, version: 24.04.202611100}}}`,
		says: []string{"spec.target.image", "exactly one of id, marketplace, sharedGalleryID and communityGalleryID"},
	},
	"image is not empty": {
		admitted: `target: {image: null}`,
		refused:  `target: {image: {}}`,
		says:     []string{"spec.target.image", "exactly one of"},
	},
	"image.id is a full id": {
		admitted: `target: {image: {id: ` +
			`/SUBSCRIPTIONS/00000000-0000-0000-0000-00000000000A/resourcegroups/G/providers/microsoft.compute/images/nginx-v2}}`,
		refused: `target: {image: {id: nginx-v2}}`,
		says:    []string{"spec.target.image.id", "/subscriptions/{uuid}/resourceGroups/{group}/providers/Microsoft.Compute/images/{name}"},
	},
	"image.id names a version of a gallery image": {
		admitted: `target: {image: {id: ` +
			`/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/g/providers/Microsoft.Compute/` +
			`galleries/shop/images/nginx/versions/2.0.0}}`,
		refused: `target: {image: {id: ` + galleryDefinition + `/versions/latest}}`,
		says:    []string{"spec.target.image.id", "with or without /versions/{1.2.3}"},
	},
	"image.id names a definition in a gallery": {
		admitted: `target: {image: {id: ` + galleryDefinition + `}}`,
		refused:  `target: {image: {id: ` + galleryDefinition + `/versions}}`,
		says:     []string{"spec.target.image.id", "with or without /versions/{1.2.3}"},
	},
	"a baseline of a gallery is exact": {
		admitted: `baseline: {image: {id: ` + galleryDefinition + `/versions/2.0.0}}`,
		refused:  `baseline: {image: {id: ` + galleryDefinition + `}}`,
		says:     []string{"spec", "baseline.image must name one exact version"},
	},
	"sharedGalleryID names a version": {
		admitted: `target: {image: {sharedGalleryID: /SharedGalleries/00000000-0000-0000-0000-000000000001-SHOP/Images/nginx/Versions/2.0.0}}`,
		refused:  `target: {image: {sharedGalleryID: /SharedGalleries/shop/Images/nginx/Versions/latest}}`,
		says:     []string{"spec.target.image.sharedGalleryID", "one exact version", "/Versions/{1.2.3}"},
	},
	"communityGalleryID names a version": {
		admitted: `target: {image: {communityGalleryID: /CommunityGalleries/shop-0000/Images/nginx/Versions/2.0.0}}`,
		refused:  `target: {image: {communityGalleryID: /CommunityGalleries/shop-0000/Images/nginx}}`,
		says:     []string{"spec.target.image.communityGalleryID", "one exact version", "/Versions/{1.2.3}"},
	},
	"publisher is a name": {
		admitted: `target: {image: {marketplace: {publisher: a.b-c_1, offer: o, sku: s, version: 1.0.0}}}`,
		refused:  `target: {image: {marketplace: {publisher: "Canonical:ubuntu", offer: o, sku: s, version: 1.0.0}}}`,
		says:     []string{"marketplace.publisher", "such as Canonical"},
	},
	"offer is a name": {
		admitted: `target: {image: {marketplace: {publisher: p, offer: ubuntu-24_04-lts, sku: s, version: 1.0.0}}}`,
		refused:  `target: {image: {marketplace: {publisher: p, offer: "ubuntu 24", sku: s, version: 1.0.0}}}`,
		says:     []string{"marketplace.offer", "such as ubuntu-24_04-lts"},
	},
	"sku is a name": {
		admitted: `target: {image: {marketplace: {publisher: p, offer: o, sku: server-gen1, version: 1.0.0}}}`,
		refused:  `target: {image: {marketplace: {publisher: p, offer: o, sku: "a/b", version: 1.0.0}}}`,
		says:     []string{"marketplace.sku", "such as server"},
	},
	"version is exact": {
		admitted: `target: {image: {marketplace: {publisher: p, offer: o, sku: s, version: 24.04.202611100}}}`,
		refused:  `target: {image: {marketplace: {publisher: p, offer: o, sku: s, version: newest}}}`,
		says:     []string{"marketplace.version", "one exact version", "or latest"},
	},
	"version may be latest": {
		admitted: `target: {image: {marketplace: {publisher: p, offer: o, sku: s, version: latest}}}`,
		refused:  `target: {image: {marketplace: {publisher: p, offer: o, sku: s, version: Latest}}}`,
		says:     []string{"marketplace.version", "or latest"},
	},
	"revisionTag is plain": {
		admitted: `target: {revisionTag: 2026-11-22.1_a}`,
		refused:  `target: {revisionTag: "two words"}`,
		says:     []string{"spec.target.revisionTag", "such as 2026-11-22.1"},
	},
	"a script has a command": {
		admitted: `target: {script: {uris: null, command: uptime}}`,
		refused:  `target: {script: {command: null}}`,
		says:     []string{"spec.target.script", "needs a command", "script.protectedSettings"},
	},
	"a script's command may be protected": {
		admitted: `target: {script: {command: null, protectedSettings: {secretRef: {name: web-script}}}}`,
		refused:  `target: {script: {command: null, protectedSettings: null}}`,
		says:     []string{"spec.target.script", "needs a command"},
	},
	"a managed identity has one id": {
		admitted: `target: {script: {managedIdentity: {clientID: 00000000-0000-0000-0000-000000000002}}}`,
		refused: `target: {script: {managedIdentity: {clientID: 00000000-0000-0000-0000-000000000002, ` +
			`objectID: 00000000-0000-0000-0000-000000000003}}}`,
		says: []string{"spec.target.script.managedIdentity", "at most one of clientID and objectID"},
	},
	"protected settings are in one place": {
		admitted: `target: {script: {command: null, protectedSettings: {` + vaultSecret("https://kv.vault.azure.net/secrets/web/0a1") + `}}}`,
		refused: `target: {script: {protectedSettings: {secretRef: {name: web}, ` +
			vaultSecret("https://kv.vault.azure.net/secrets/web/0a1") + `}}}`,
		says: []string{"spec.target.script.protectedSettings", "exactly one of secretRef and keyVault"},
	},
	"protected settings are somewhere": {
		admitted: `target: {script: {protectedSettings: {secretRef: {name: web}}}}`,
		refused:  `target: {script: {protectedSettings: {}}}`,
		says:     []string{"spec.target.script.protectedSettings", "exactly one of secretRef and keyVault"},
	},
	"a secret of a key vault has a version": {
		admitted: `target: {script: {protectedSettings: {` + vaultSecret("https://kv.vault.azure.net/secrets/web-1/0a1") + `}}}`,
		refused:  `target: {script: {protectedSettings: {` + vaultSecret("https://kv.vault.azure.net/secrets/web") + `}}}`,
		says:     []string{"spec.target.script.protectedSettings.keyVault.secretURL", "{version}"},
	},
	"a key vault has an id": {
		admitted: `target: {script: {protectedSettings: {` + vaultSecret("https://kv.vault.azure.net/secrets/w/1") + `}}}`,
		refused: `target: {script: {protectedSettings: {keyVault: {secretURL: "https://kv.vault.azure.net/secrets/w/1", ` +
			`vaultID: kv}}}}`,
		says: []string{"spec.target.script.protectedSettings.keyVault.vaultID", "full ARM id"},
	},
	"an identity is part of the key vault's secret": {
		admitted: `target: {script: {managedIdentity: {}, protectedSettings: {secretRef: {name: web}}}}`,
		refused: `target: {script: {managedIdentity: {}, protectedSettings: {` +
			vaultSecret("https://kv.vault.azure.net/secrets/web/0a1") + `}}}`,
		says: []string{"spec.target.script", "put it into the key vault's secret"},
	},
	"a client id is a UUID": {
		admitted: `target: {script: {managedIdentity: {}}}`,
		refused:  `target: {script: {managedIdentity: {clientID: the-client-id-that-is-none-but-36lon}}}`,
		says:     []string{"spec.target.script.managedIdentity.clientID"},
	},
	"uris are http or https": {
		admitted: `target: {script: {uris: ["http://store.example:8080/a.sh?x=1", "https://store.example/b.sh"]}}`,
		refused:  `target: {script: {uris: ["https://store.example/a.sh", "file:///etc/passwd"]}}`,
		says:     []string{"spec.target.script.uris", "http:// or https://"},
	},
	"secretRef.name is a name": {
		admitted: `target: {script: {protectedSettings: {secretRef: {name: web.script-1}}}}`,
		refused:  `target: {script: {protectedSettings: {secretRef: {name: shop/web_script}}}}`,
		says:     []string{"secretRef.name", "the name of a Secret", "such as web-script"},
	},
	"percent is at least 1": {
		admitted: `strategy: {canary: {percent: 1}}`,
		refused:  `strategy: {canary: {percent: 0}}`,
		says:     []string{"spec.strategy.canary.percent", "1 to 100", "spec.paused"},
	},
	"percent is at most 100": {
		admitted: `strategy: {canary: {percent: 100}}`,
		refused:  `strategy: {canary: {percent: 101}}`,
		says:     []string{"spec.strategy.canary.percent", "1 to 100"},
	},
	"a larger batch states its budget": {
		admitted: `strategy: {batch: {size: 2, maxUnavailable: 1}}`,
		refused:  `strategy: {batch: {size: 2}}`,
		says:     []string{"spec.strategy.batch", "batch.maxUnavailable must be set", "such as maxUnavailable: 2"},
	},
	"a batch in percent states its budget": {
		admitted: `strategy: {batch: {size: "1%", maxUnavailable: "1%"}}`,
		refused:  `strategy: {batch: {size: "1%"}}`,
		says:     []string{"spec.strategy.batch", "batch.maxUnavailable must be set"},
	},
	"a batch of one needs no budget": {
		admitted: `strategy: {batch: {size: 1, pause: 30s}}`,
		refused:  `strategy: {batch: {size: 3, pause: 30s}}`,
		says:     []string{"spec.strategy.batch", "batch.maxUnavailable must be set"},
	},
	"size as a count has bounds": {
		admitted: `strategy: {batch: {size: 1000, maxUnavailable: 1}}`,
		refused:  `strategy: {batch: {size: 1001, maxUnavailable: 1}}`,
		says:     []string{"spec.strategy.batch.size", "from 1 to 1000"},
	},
	"size is not nothing": {
		admitted: `strategy: {batch: {size: 1}}`,
		refused:  `strategy: {batch: {size: 0, maxUnavailable: 1}}`,
		says:     []string{"spec.strategy.batch.size", "from 1 to 1000"},
	},
	"size as a percentage has bounds": {
		admitted: `strategy: {batch: {size: "100%", maxUnavailable: 1}}`,
		refused:  `strategy: {batch: {size: "101%", maxUnavailable: 1}}`,
		says:     []string{"spec.strategy.batch.size", `from "1%" to "100%"`},
	},
	"size is no bare string": {
		admitted: `strategy: {batch: {size: "5%", maxUnavailable: 1}}`,
		refused:  `strategy: {batch: {size: "5", maxUnavailable: 1}}`,
		says:     []string{"spec.strategy.batch.size", "such as 5 or"},
	},
	"maxUnavailable has bounds": {
		admitted: `strategy: {batch: {maxUnavailable: 1000}}`,
		refused:  `strategy: {batch: {maxUnavailable: 0}}`,
		says:     []string{"spec.strategy.batch.maxUnavailable", "from 1 to 1000"},
	},
	"maxUnavailable as a percentage has bounds": {
		admitted: `strategy: {batch: {maxUnavailable: "10%"}}`,
		refused:  `strategy: {batch: {maxUnavailable: "0%"}}`,
		says:     []string{"spec.strategy.batch.maxUnavailable", "such as 2 or"},
	},
	"pause is a duration": {
		admitted: `strategy: {batch: {pause: 1h30m}}`,
		refused:  `strategy: {batch: {pause: 1 hour}}`,
		says:     []string{"spec.strategy.batch.pause", "from 0s to 24h", "such as 30s"},
	},
	"pause has bounds": {
		admitted: `strategy: {batch: {pause: 24h}}`,
		refused:  `strategy: {batch: {pause: 24h1s}}`,
		says:     []string{"spec.strategy.batch.pause", "from 0s to 24h"},
	},
	"minReady is a duration": {
		admitted: `health: {minReady: 1.5m}`,
		refused:  `health: {minReady: "60"}`,
		says:     []string{"spec.health.minReady", "from 0s to 24h", "such as 1m"},
	},
	"minReady has bounds": {
		admitted: `health: {minReady: 0s}`,
		refused:  `health: {minReady: 25h}`,
		says:     []string{"spec.health.minReady", "from 0s to 24h"},
	},
	"timeout is a duration": {
		admitted: `health: {timeout: 30m}`,
		refused:  `health: {timeout: soon}`,
		says:     []string{"spec.health.timeout", "from 1s to 24h", "such as 15m"},
	},
	"timeout is not zero": {
		admitted: `health: {timeout: 1s}`,
		refused:  `health: {timeout: 0s}`,
		says:     []string{"spec.health.timeout", "from 1s to 24h"},
	},
	"timeout is not for ever": {
		admitted: `health: {timeout: 24h}`,
		refused:  `health: {timeout: 999999h}`,
		says:     []string{"spec.health.timeout", "from 1s to 24h"},
	},
	"minReady fits into timeout": {
		admitted: `health: {minReady: 14m59s}`,
		refused:  `health: {minReady: 15m}`,
		says:     []string{"spec.health", "health.minReady must be shorter than health.timeout", "raise timeout"},
	},
	"canary has a percentage or steps": {
		admitted: `strategy: {canary: {percent: null, steps: [{name: one, count: 1, soak: 10m}, {name: half, percent: 50}, {name: all,` +
			` percent: 100}]}}`,
		refused: `strategy: {canary: {percent: 34, steps: [{name: one, count: 1}]}}`,
		says:    []string{"spec.strategy.canary", "exactly one of percent and steps"},
	},
	"canary is not empty": {
		admitted: `strategy: {canary: {percent: 1}}`,
		refused:  `strategy: {canary: {percent: null}}`,
		says:     []string{"spec.strategy.canary", "exactly one of percent and steps"},
	},
	"a step has one share": {
		admitted: `strategy: {canary: {percent: null, steps: [{name: one, count: 1000}]}}`,
		refused:  `strategy: {canary: {percent: null, steps: [{name: one, count: 1, percent: 10}]}}`,
		says:     []string{"spec.strategy.canary.steps[0]", "exactly one of percent and count"},
	},
	"a step has a share": {
		admitted: `strategy: {canary: {percent: null, steps: [{name: one, percent: 10}]}}`,
		refused:  `strategy: {canary: {percent: null, steps: [{name: one, soak: 10m}]}}`,
		says:     []string{"spec.strategy.canary.steps[0]", "exactly one of percent and count"},
	},
	"step names differ": {
		admitted: `strategy: {canary: {percent: null, steps: [{name: a, count: 1}, {name: b, count: 2}]}}`,
		refused:  `strategy: {canary: {percent: null, steps: [{name: a, count: 1}, {name: a, count: 2}]}}`,
		says:     []string{"spec.strategy.canary.steps", "no two the same", "rename"},
	},
	"step names are names": {
		admitted: `strategy: {canary: {percent: null, steps: [{name: step-1, count: 1}]}}`,
		refused:  `strategy: {canary: {percent: null, steps: [{name: "Step 1", count: 1}]}}`,
		says:     []string{"steps[0].name", "lower-case letters", "such as half"},
	},
	"steps grow in percent": {
		admitted: `strategy: {canary: {percent: null, steps: [{name: a, percent: 10}, {name: b, count: 1}, {name: c, percent: 20}]}}`,
		refused:  `strategy: {canary: {percent: null, steps: [{name: a, percent: 50}, {name: b, percent: 20}]}}`,
		says:     []string{"spec.strategy.canary.steps", "must grow", "larger percent"},
	},
	"steps do not stand still": {
		admitted: `strategy: {canary: {percent: null, steps: [{name: a, percent: 50}, {name: b, percent: 51}]}}`,
		refused:  `strategy: {canary: {percent: null, steps: [{name: a, percent: 50}, {name: b, percent: 50}]}}`,
		says:     []string{"spec.strategy.canary.steps", "must grow"},
	},
	"steps grow in count": {
		admitted: `strategy: {canary: {percent: null, steps: [{name: a, count: 1}, {name: b, count: 5}]}}`,
		refused:  `strategy: {canary: {percent: null, steps: [{name: a, count: 5}, {name: b, count: 1}]}}`,
		says:     []string{"spec.strategy.canary.steps", "must grow", "larger count"},
	},
	"a step's percent has bounds": {
		admitted: `strategy: {canary: {percent: null, steps: [{name: a, percent: 100}]}}`,
		refused:  `strategy: {canary: {percent: null, steps: [{name: a, percent: 101}]}}`,
		says:     []string{"steps[0].percent", "1 to 100"},
	},
	"a step's count has bounds": {
		admitted: `strategy: {canary: {percent: null, steps: [{name: a, count: 1}]}}`,
		refused:  `strategy: {canary: {percent: null, steps: [{name: a, count: 1001}]}}`,
		says:     []string{"steps[0].count", "1 to 1000"},
	},
	"soak is a duration": {
		admitted: `strategy: {canary: {percent: null, steps: [{name: a, count: 1, soak: 168h}]}}`,
		refused:  `strategy: {canary: {percent: null, steps: [{name: a, count: 1, soak: 10 minutes}]}}`,
		says:     []string{"steps[0].soak", "from 0s to 168h", "such as 10m"},
	},
	"bake has bounds": {
		admitted: `bake: 30m`,
		refused:  `bake: 200h`,
		says:     []string{"spec.bake", "from 0s to 168h", "such as 30m"},
	},
	"schedule has five fields": {
		admitted: `windows: [{type: Allow, schedule: "0 22 * * 1-5", duration: 6h, timeZone: Europe/Berlin}]`,
		refused:  `windows: [{type: Allow, schedule: "0 0 22 * * 1-5", duration: 6h}]`,
		says:     []string{"spec.windows[0].schedule", "five fields", "such as 0 22 * * 1-5"},
	},
	"schedule has no macros": {
		admitted: `windows: [{type: Deny, schedule: "0 0 24 DEC *", duration: 72h}]`,
		refused:  `windows: [{type: Deny, schedule: "@every 5m", duration: 1h}]`,
		says:     []string{"spec.windows[0].schedule", "five fields"},
	},
	"window duration has bounds": {
		admitted: `windows: [{type: Allow, schedule: "0 0 * * *", duration: 1m}]`,
		refused:  `windows: [{type: Allow, schedule: "0 0 * * *", duration: 30s}]`,
		says:     []string{"spec.windows[0].duration", "from 1m to 168h", "such as 6h"},
	},
	"timeZone is a name": {
		admitted: `windows: [{type: Allow, schedule: "0 0 * * *", duration: 1h, timeZone: America/Argentina/Buenos_Aires}]`,
		refused:  `windows: [{type: Allow, schedule: "0 0 * * *", duration: 1h, timeZone: ../etc/passwd}]`,
		says:     []string{"spec.windows[0].timeZone", "time zone database", "such as Europe/Berlin"},
	},
	"timeZone is not the controller's own": {
		admitted: `windows: [{type: Allow, schedule: "0 0 * * *", duration: 1h, timeZone: Etc/GMT+3}]`,
		refused:  `windows: [{type: Allow, schedule: "0 0 * * *", duration: 1h, timeZone: Local}]`,
		says:     []string{"spec.windows[0].timeZone", "time zone database"},
	},
	"bake is a duration": {
		admitted: `bake: 168h`,
		refused:  `bake: 0.5d`,
		says:     []string{"spec.bake", "from 0s to 168h", "such as 30m"},
	},
	"a window is not longer than a week": {
		admitted: `windows: [{type: Deny, schedule: "0 0 24 12 *", duration: 168h}]`,
		refused:  `windows: [{type: Deny, schedule: "0 0 24 12 *", duration: 169h}]`,
		says:     []string{"spec.windows[0].duration", "from 1m to 168h", "such as 6h"},
	},
	"image.id is not of another resource": {
		admitted: `target: {image: {id: ` +
			`"/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/läden_(1)/providers/Microsoft.Compute/images/i"}}`,
		refused: `target: {image: {id: ` +
			`/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/g/providers/Microsoft.Compute/snapshots/i}}`,
		says: []string{"spec.target.image.id", "must be the full ARM id of an image"},
	},
	"a baseline is a whole target": {
		admitted: `baseline: {script: {command: bash install_v1.sh}, revisionTag: "1"}`,
		refused:  `baseline: {revisionTag: "1"}`,
		says:     []string{"spec.baseline:", "target and baseline need at least one of image, script and applications"},
	},
	"a baseline is as exact as a target": {
		admitted: `baseline: {image: {marketplace: {publisher: p, offer: o, sku: s, version: 1.0.0}}}`,
		refused:  `baseline: {image: {marketplace: {publisher: p, offer: o, sku: s, version: latest}}}`,
		says:     []string{"spec", "baseline.image must name one exact version"},
	},
	"a baseline's script has a command": {
		admitted: `baseline: {script: {protectedSettings: {secretRef: {name: web-script-1}}}}`,
		refused:  `baseline: {script: {uris: [https://store.example/install_v1.sh]}}`,
		says:     []string{"spec.baseline.script", "needs a command", "script.protectedSettings"},
	},
	"maxFailed may be none": {
		admitted: `failurePolicy: {maxFailed: 0}`,
		refused:  `failurePolicy: {maxFailed: -1}`,
		says:     []string{"spec.failurePolicy.maxFailed", "from 0 to 1000", "such as 1 or"},
	},
	"maxFailed as a count has bounds": {
		admitted: `failurePolicy: {maxFailed: 1000}`,
		refused:  `failurePolicy: {maxFailed: 1001}`,
		says:     []string{"spec.failurePolicy.maxFailed", "from 0 to 1000"},
	},
	"maxFailed as a percentage may be none": {
		admitted: `failurePolicy: {maxFailed: "0%"}`,
		refused:  `failurePolicy: {maxFailed: "00%"}`,
		says:     []string{"spec.failurePolicy.maxFailed", `from "0%" to "100%"`},
	},
	"maxFailed as a percentage has bounds": {
		admitted: `failurePolicy: {maxFailed: "100%"}`,
		refused:  `failurePolicy: {maxFailed: "101%"}`,
		says:     []string{"spec.failurePolicy.maxFailed", `from "0%" to "100%"`},
	},
	"maxFailed is no bare string": {
		admitted: `failurePolicy: {maxFailed: "5%"}`,
		refused:  `failurePolicy: {maxFailed: "5"}`,
		says:     []string{"spec.failurePolicy.maxFailed", `such as 1 or "5%"`},
	},
	"retries are not negative": {
		admitted: `failurePolicy: {retries: 0}`,
		refused:  `failurePolicy: {retries: -1}`,
		says:     []string{"spec.failurePolicy.retries", "must be 0 to 10"},
	},
	"retries end": {
		admitted: `failurePolicy: {retries: 10}`,
		refused:  `failurePolicy: {retries: 11}`,
		says:     []string{"spec.failurePolicy.retries", "must be 0 to 10"},
	},
	"progressDeadline is a duration": {
		admitted: `failurePolicy: {progressDeadline: 2h, action: Rollback}`,
		refused:  `failurePolicy: {progressDeadline: "7200", action: Rollback}`,
		says:     []string{"spec.failurePolicy.progressDeadline", "from 1m to 720h", "such as 2h"},
	},
	"progressDeadline leaves time": {
		admitted: `failurePolicy: {progressDeadline: 1m}`,
		refused:  `failurePolicy: {progressDeadline: 59s}`,
		says:     []string{"spec.failurePolicy.progressDeadline", "from 1m to 720h"},
	},
	"progressDeadline is longer than the rest between batches": {
		admitted: `{strategy: {batch: {pause: 59m}}, health: {minReady: 59s}, failurePolicy: {progressDeadline: 1h}}`,
		refused:  `{strategy: {batch: {pause: 1h}}, failurePolicy: {progressDeadline: 1h}}`,
		says: []string{"failurePolicy.progressDeadline must be longer than strategy.batch.pause and health.minReady together",
			"raise progressDeadline"},
	},
	"progressDeadline is longer than the rest and minReady together": {
		admitted: `{strategy: {batch: {pause: 20m}}, health: {minReady: 5m, timeout: 1h}, failurePolicy: {progressDeadline: 30m}}`,
		refused:  `{strategy: {batch: {pause: 20m}}, health: {minReady: 10m, timeout: 1h}, failurePolicy: {progressDeadline: 30m}}`,
		says:     []string{"failurePolicy.progressDeadline must be longer than", "lower those"},
	},
	"progressDeadline comes": {
		admitted: `failurePolicy: {progressDeadline: 720h}`,
		refused:  `failurePolicy: {progressDeadline: 721h}`,
		says:     []string{"spec.failurePolicy.progressDeadline", "from 1m to 720h"},
	},
	"history has a beginning": {
		admitted: `revisionHistoryLimit: 0`,
		refused:  `revisionHistoryLimit: -1`,
		says:     []string{"spec.revisionHistoryLimit", "must be 0 to 50"},
	},
	"history has an end": {
		admitted: `revisionHistoryLimit: 50`,
		refused:  `revisionHistoryLimit: 51`,
		says:     []string{"spec.revisionHistoryLimit", "must be 0 to 50"},
	},
	"an approval that times out says when": {
		admitted: `strategy: {canary: {percent: null, steps: [{name: half, percent: 50, approval: {timeout: 24h, onTimeout: Rollback}}]}}`,
		refused:  `strategy: {canary: {percent: null, steps: [{name: half, percent: 50, approval: {onTimeout: Rollback}}]}}`,
		says:     []string{"steps[0].approval", "approval.timeout must be set when approval.onTimeout is not Wait", "such as 24h"},
	},
	"an approval may wait for ever": {
		admitted: `strategy: {canary: {percent: null, steps: [{name: half, percent: 50, approval: {}}]}}`,
		refused:  `strategy: {canary: {percent: null, steps: [{name: half, percent: 50, approval: {onTimeout: Approve}}]}}`,
		says:     []string{"steps[0].approval", "or set onTimeout to Wait"},
	},
	"approval.timeout is a duration": {
		admitted: `strategy: {canary: {percent: null, steps: [{name: half, percent: 50, approval: {timeout: 1.5h}}]}}`,
		refused:  `strategy: {canary: {percent: null, steps: [{name: half, percent: 50, approval: {timeout: 1d}}]}}`,
		says:     []string{"steps[0].approval.timeout", "from 1m to 720h", "such as 24h"},
	},
	"approval.timeout leaves time to look": {
		admitted: `strategy: {canary: {percent: null, steps: [{name: half, percent: 50, approval: {timeout: 1m, onTimeout: Abort}}]}}`,
		refused:  `strategy: {canary: {percent: null, steps: [{name: half, percent: 50, approval: {timeout: 0s, onTimeout: Abort}}]}}`,
		says:     []string{"steps[0].approval.timeout", "from 1m to 720h"},
	},
	"approval.timeout comes": {
		admitted: `strategy: {canary: {percent: null, steps: [{name: half, percent: 50, approval: {timeout: 720h, onTimeout: Approve}}]}}`,
		refused:  `strategy: {canary: {percent: null, steps: [{name: half, percent: 50, approval: {timeout: 1000h, onTimeout: Approve}}]}}`,
		says:     []string{"steps[0].approval.timeout", "from 1m to 720h"},
	},
	"soak is not for ever": {
		admitted: `strategy: {canary: {percent: null, steps: [{name: a, count: 1, soak: 0s}]}}`,
		refused:  `strategy: {canary: {percent: null, steps: [{name: a, count: 1, soak: 169h}]}}`,
		says:     []string{"steps[0].soak", "from 0s to 168h"},
	},
	"a step's percent is not nothing": {
		admitted: `strategy: {canary: {percent: null, steps: [{name: a, percent: 1}]}}`,
		refused:  `strategy: {canary: {percent: null, steps: [{name: a, percent: 0}]}}`,
		says:     []string{"steps[0].percent", "1 to 100"},
	},
	"a step's count is not nothing": {
		admitted: `strategy: {canary: {percent: null, steps: [{name: a, count: 2}]}}`,
		refused:  `strategy: {canary: {percent: null, steps: [{name: a, count: 0}]}}`,
		says:     []string{"steps[0].count", "1 to 1000"},
	},
}

// actionRules are those of RolloutAction.
var actionRules = map[string]rule{
	"Approve names its step": {
		admitted: `{action: Approve, step: half}`,
		refused:  `{action: Approve, step: null}`,
		says:     []string{"spec:", "step must be set for Approve and Promote", "status.step.name"},
	},
	"Promote names its step": {
		admitted: `{action: Promote, step: half}`,
		refused:  `{action: Promote, step: null}`,
		says:     []string{"spec:", "step must be set for Approve and Promote", "name the step"},
	},
	"PromoteFull has no step": {
		admitted: `{action: PromoteFull, step: null}`,
		refused:  `{action: PromoteFull}`,
		says:     []string{"spec:", "step is for Approve and Promote only", "remove step"},
	},
	"Abort has no step": {
		admitted: `{action: Abort, step: null}`,
		refused:  `{action: Abort}`,
		says:     []string{"spec:", "remove step"},
	},
	"SkipInstance names its instance": {
		admitted: `{action: SkipInstance, step: null, instance: "3"}`,
		refused:  `{action: SkipInstance, step: null}`,
		says:     []string{"spec:", "instance must be set for SkipInstance", "status.instances"},
	},
	"Retry has no instance": {
		admitted: `{action: Retry, step: null}`,
		refused:  `{action: Retry, step: null, instance: "3"}`,
		says:     []string{"spec:", "instance is for SkipInstance only", "remove instance"},
	},
	"Rollback may name a revision": {
		admitted: `{action: Rollback, step: null, toRevision: web-5d4f8c7b9}`,
		refused:  `{action: Abort, step: null, toRevision: web-5d4f8c7b9}`,
		says:     []string{"spec:", "toRevision is for Rollback only", "set action to Rollback"},
	},
	"toRevision is a name": {
		admitted: `{action: Rollback, step: null, toRevision: web.1}`,
		refused:  `{action: Rollback, step: null, toRevision: "sha256:0a1b"}`,
		says:     []string{"spec.toRevision", "name of a ControllerRevision", "kubectl get controllerrevisions"},
	},
	"run is a number from 1": {
		admitted: `{run: 1}`,
		refused:  `{run: 0}`,
		says:     []string{"spec.run", "from 1", "status.run"},
	},
	"step is a step's name": {
		admitted: `{step: step-1}`,
		refused:  `{step: "Step 1"}`,
		says:     []string{"spec.step", "lower-case letters", "such as half"},
	},
	"instance is an id": {
		admitted: `{action: SkipInstance, step: null, instance: web_1a2b3c}`,
		refused:  `{action: SkipInstance, step: null, instance: /subscriptions/x/virtualMachines/3}`,
		says:     []string{"spec.instance", "must be an instance id, such as 3", "not its ARM id"},
	},
	"instance is one instance": {
		admitted: `{action: SkipInstance, step: null, instance: "0"}`,
		refused:  `{action: SkipInstance, step: null, instance: "*"}`,
		says:     []string{"spec.instance", "must be an instance id"},
	},
	"rolloutRef.name is a name": {
		admitted: `{rolloutRef: {name: web.shop-1}}`,
		refused:  `{rolloutRef: {name: shop/web}}`,
		says:     []string{"spec.rolloutRef.name", "VMSSRollout in the action's namespace", "such as web"},
	},
	"rolloutRef.uid is a UID": {
		admitted: `{rolloutRef: {uid: ffffffff-0000-4000-8000-00000000000a}}`,
		refused:  `{rolloutRef: {uid: web}}`,
		says:     []string{"spec.rolloutRef.uid", "must be the rollout's metadata.uid", "kubectl get vmssr"},
	},
}

// galleryDefinition is the id of an image without a version.
const galleryDefinition = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/g/providers/Microsoft.Compute/" +
	"galleries/shop/images/nginx"

// vaultSecret declares protected settings in a key vault.
func vaultSecret(url string) string {
	return `keyVault: {secretURL: "` + url + `", vaultID: "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/shop/` +
		`providers/Microsoft.KeyVault/vaults/kv"}`
}
