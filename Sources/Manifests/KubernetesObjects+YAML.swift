import ServiceProxy
import Yams

extension KubernetesMetadata {
    fileprivate init(_ node: Node) throws(YAMLFieldError) {
        self.init()
        try node.forEachField { (key, value) throws(YAMLFieldError) in
            switch key {
            case "name": name = try value.text()
            case "namespace": namespace = try value.text()
            case "creationTimestamp": creationTimestamp = try value.time()
            case "labels": labels = try KubernetesLabels(value)
            default: break
            }
        }
    }
}

extension KubernetesLabels {
    fileprivate init(_ node: Node) throws(YAMLFieldError) {
        self.init()
        try node.forEachField { (key, value) throws(YAMLFieldError) in
            switch CodingKeys(rawValue: key) {
            case .serviceName: serviceName = try value.text()
            case .serviceProxyName: serviceProxyName = try value.text()
            case nil: break
            }
        }
    }
}

extension KubernetesService {
    init(_ node: Node) throws(YAMLFieldError) {
        self.init()
        try node.forEachField { (key, value) throws(YAMLFieldError) in
            switch key {
            case "metadata": metadata = try KubernetesMetadata(value)
            case "spec": spec = value.isNull ? nil : try Spec(value)
            case "status": status = try Status(value)
            default: break
            }
        }
    }
}

extension KubernetesService.Spec {
    fileprivate init(_ node: Node) throws(YAMLFieldError) {
        self.init()
        try node.forEachField { (key, value) throws(YAMLFieldError) in
            switch key {
            case "type": type = try value.text()
            case "clusterIP": clusterIP = try value.text()
            case "clusterIPs": clusterIPs = try value.texts()
            case "ports": ports = try value.list(KubernetesService.Port.init)
            case "internalTrafficPolicy": internalTrafficPolicy = try value.text()
            case "externalTrafficPolicy": externalTrafficPolicy = try value.text()
            case "sessionAffinity": sessionAffinity = try value.text()
            case "sessionAffinityConfig": sessionAffinityConfig = try KubernetesService.AffinityConfig(value)
            case "externalIPs": externalIPs = try value.texts()
            case "loadBalancerSourceRanges": loadBalancerSourceRanges = try value.texts()
            case "healthCheckNodePort": healthCheckNodePort = try value.integer()
            default: break
            }
        }
    }
}

extension KubernetesService.AffinityConfig {
    fileprivate init(_ node: Node) throws(YAMLFieldError) {
        self.init()
        try node.forEachField { (key, value) throws(YAMLFieldError) in
            if key == "clientIP" { clientIP = try ClientIP(value) }
        }
    }
}

extension KubernetesService.AffinityConfig.ClientIP {
    fileprivate init(_ node: Node) throws(YAMLFieldError) {
        self.init()
        try node.forEachField { (key, value) throws(YAMLFieldError) in
            if key == "timeoutSeconds" { timeoutSeconds = try value.integer() }
        }
    }
}

extension KubernetesService.Status {
    fileprivate init(_ node: Node) throws(YAMLFieldError) {
        self.init()
        try node.forEachField { (key, value) throws(YAMLFieldError) in
            if key == "loadBalancer" { loadBalancer = try LoadBalancer(value) }
        }
    }
}

extension KubernetesService.Status.LoadBalancer {
    fileprivate init(_ node: Node) throws(YAMLFieldError) {
        self.init()
        try node.forEachField { (key, value) throws(YAMLFieldError) in
            if key == "ingress" { ingress = try value.list(KubernetesService.Status.Ingress.init) }
        }
    }
}

extension KubernetesService.Status.Ingress {
    fileprivate init(_ node: Node) throws(YAMLFieldError) {
        self.init()
        try node.forEachField { (key, value) throws(YAMLFieldError) in
            switch key {
            case "ip": ip = try value.text()
            case "ipMode": ipMode = try value.text()
            default: break
            }
        }
    }
}

extension KubernetesService.Port {
    fileprivate init(_ node: Node) throws(YAMLFieldError) {
        self.init()
        try node.forEachField { (key, value) throws(YAMLFieldError) in
            switch key {
            case "name": name = try value.text()
            case "protocol": `protocol` = try value.text()
            case "port": port = try value.integer()
            case "nodePort": nodePort = try value.integer()
            default: break
            }
        }
    }
}

extension KubernetesEndpointSlice {
    init(_ node: Node) throws(YAMLFieldError) {
        self.init()
        try node.forEachField { (key, value) throws(YAMLFieldError) in
            switch key {
            case "metadata": metadata = try KubernetesMetadata(value)
            case "addressType": addressType = try value.text()
            case "ports": ports = try value.list(KubernetesService.Port.init)
            case "endpoints": endpoints = try value.list(Endpoint.init)
            default: break
            }
        }
    }
}

extension KubernetesEndpointSlice.Endpoint {
    fileprivate init(_ node: Node) throws(YAMLFieldError) {
        self.init()
        try node.forEachField { (key, value) throws(YAMLFieldError) in
            switch key {
            case "addresses": addresses = try value.texts()
            case "conditions": conditions = try KubernetesEndpointSlice.Conditions(value)
            case "nodeName": nodeName = try value.text()
            case "targetRef": targetRef = try KubernetesEndpointSlice.Reference(value)
            case "hints": hints = try KubernetesEndpointSlice.Hints(value)
            default: break
            }
        }
    }
}

extension KubernetesEndpointSlice.Hints {
    fileprivate init(_ node: Node) throws(YAMLFieldError) {
        self.init()
        try node.forEachField { (key, value) throws(YAMLFieldError) in
            switch key {
            case "forNodes": forNodes = try value.list(Name.init)
            case "forZones": forZones = try value.list(Name.init)
            default: break
            }
        }
    }
}

extension KubernetesEndpointSlice.Hints.Name {
    fileprivate init(_ node: Node) throws(YAMLFieldError) {
        self.init()
        try node.forEachField { (key, value) throws(YAMLFieldError) in
            if key == "name" { name = try value.text() }
        }
    }
}

extension KubernetesEndpointSlice.Conditions {
    fileprivate init(_ node: Node) throws(YAMLFieldError) {
        self.init()
        try node.forEachField { (key, value) throws(YAMLFieldError) in
            switch key {
            case "ready": ready = try value.boolean()
            case "serving": serving = try value.boolean()
            case "terminating": terminating = try value.boolean()
            default: break
            }
        }
    }
}

extension KubernetesEndpointSlice.Reference {
    fileprivate init(_ node: Node) throws(YAMLFieldError) {
        self.init()
        try node.forEachField { (key, value) throws(YAMLFieldError) in
            switch key {
            case "kind": kind = try value.text()
            case "name": name = try value.text()
            default: break
            }
        }
    }
}
