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
            case "spec": spec = try Spec(value)
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
            case "clusterIPs": clusterIPs = try value.list { item throws(YAMLFieldError) in try item.text() ?? "" }
            case "ports": ports = try value.list(KubernetesService.Port.init)
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
            case "addresses": addresses = try value.list { item throws(YAMLFieldError) in try item.text() ?? "" }
            case "conditions": conditions = try KubernetesEndpointSlice.Conditions(value)
            case "nodeName": nodeName = try value.text()
            case "targetRef": targetRef = try KubernetesEndpointSlice.Reference(value)
            default: break
            }
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
