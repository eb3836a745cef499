// Package arm knows one call of Azure Resource Manager: it watches what is sent, bounds what is read, and makes of every error a
// *rollout.Problem whose kind comes from one table (errors.go) and whose message went through one filter (package message).
package arm
